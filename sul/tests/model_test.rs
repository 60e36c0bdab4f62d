//! Both flavours do what a sorted `Vec` would, step by step, whatever is done to them.
//!
//! On failure proptest prints the shrunk operations and the seed to replay them.
#![cfg(feature = "sync")]

mod model;
mod strategy;
mod subject;

use proptest::prelude::*;

use subject::{Local, Shared};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn local_list_behaves_as_the_model(ops in strategy::ops(200)) {
        model::drive::run(Local::default(), ops);
    }

    #[test]
    fn shared_list_behaves_as_the_model(ops in strategy::ops(200)) {
        model::drive::run(Shared::default(), ops);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn crowded_local_list_behaves_as_the_model(ops in strategy::crowded_ops(200)) {
        model::drive::run(Local::default(), ops);
    }

    #[test]
    fn crowded_shared_list_behaves_as_the_model(ops in strategy::crowded_ops(200)) {
        model::drive::run(Shared::default(), ops);
    }
}
