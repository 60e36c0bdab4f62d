//! The lists that the model is compared with.

pub(crate) mod local;
