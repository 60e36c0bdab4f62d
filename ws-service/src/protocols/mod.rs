//! The protocols that the binary serves; embedders may, too.

mod echo;
mod mirror;

pub use echo::Echo;
pub use mirror::Mirror;
