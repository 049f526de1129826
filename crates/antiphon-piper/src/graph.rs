//! Where a VITS graph can be cut: the names of the values between its parts.
//!
//! It deliberately looks at no weights and runs nothing. The numbering of values differs between
//! exports, so they are found by the modules around them, whose names come from the training code.

use std::{fs::File, path::Path};

use rten_onnx::{
    onnx::{GraphProto, ModelProto, NodeProto},
    protobuf::ProtobufError,
};

/// The first module of the decoder; its input is the latent.
const DECODER: &str = "/dec/conv_pre/Conv";

/// What the names of the flow's modules start with.
const FLOW: &str = "/flow/";

/// Names of values at which a graph can be entered or left. Those not found are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cuts {
    /// What the flow makes and the decoder reads.
    pub(crate) latent: Option<String>,
    /// What the flow reads, and the mask of its valid frames.
    pub(crate) flow: Option<FlowInputs>,
    /// Frames per phoneme id.
    pub(crate) durations: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FlowInputs {
    pub(crate) prior: String,
    pub(crate) mask: String,
}

/// The graph in an ONNX file, with its weights.
///
/// # Errors
/// If the file is not readable as ONNX.
pub(crate) fn read(onnx: &Path) -> Result<GraphProto, ProtobufError> {
    Ok(ModelProto::parse_file(File::open(onnx)?)?.graph.unwrap_or_default())
}

impl Cuts {
    /// Finds the cuts among the nodes of a graph, given in an order in which they can run.
    pub(crate) fn among(nodes: &[NodeProto]) -> Self {
        let mut ceils = nodes.iter().filter(|n| n.op_type.as_deref() == Some("Ceil"));
        let durations = match (ceils.next(), ceils.next()) {
            (Some(only), None) => only.output.first().cloned(),
            _ => None,
        };
        let decoder = nodes.iter().find(|n| n.name.as_deref() == Some(DECODER));
        let latent = decoder.and_then(|n| n.input.first().cloned());
        let flow = latent.as_ref().and_then(|latent| flow_inputs(nodes, latent));
        Self { latent, flow, durations }
    }
}

/// The latent is the flow's result times the mask.
fn flow_inputs(nodes: &[NodeProto], latent: &String) -> Option<FlowInputs> {
    let in_flow = |n: &&NodeProto| n.name.as_deref().is_some_and(|name| name.starts_with(FLOW));
    let of_flow = |value: &String| nodes.iter().filter(in_flow).any(|n| n.output.contains(value));
    let masking = nodes.iter().find(|n| n.output.contains(latent))?;
    let masked = masking.op_type.as_deref() == Some("Mul") && masking.input.iter().any(of_flow);
    let mask = masking.input.iter().find(|value| !of_flow(value)).filter(|_| masked)?;
    let prior = nodes.iter().find(in_flow)?.input.first()?;
    Some(FlowInputs { prior: prior.clone(), mask: mask.clone() })
}
