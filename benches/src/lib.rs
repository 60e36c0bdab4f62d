//! Benchmarks of `sul` and `ws-service`, with their peers beside them.
