//! Servers outside the process: one of ours made with rmcp, started as a process or served on
//! loopback, and the Python SDK's.
#![cfg(test)]

mod process;
mod python;
mod server;
mod support;
mod web;
