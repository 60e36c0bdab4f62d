//! What the service's own tests compare with tungstenite.

#[path = "../../../ws-service/tests/shard/differential/agreement.rs"]
pub(crate) mod agreement;
#[path = "../../../ws-service/tests/shard/differential/differences.rs"]
#[expect(dead_code, reason = "what an entry says of itself is for its reader")]
pub(crate) mod differences;
