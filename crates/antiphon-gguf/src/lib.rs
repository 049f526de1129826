//! A local language model: llama and qwen2 GGUF files on candle-core.
