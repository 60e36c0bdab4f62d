//! What a shard does, seen through its public door.

mod driver;

mod backpressure;
mod budgets;
mod closing;
mod counters;
mod deadlines;
mod defer;
mod drain;
mod echo;
mod mail;
mod overtaking;
mod panics;
mod routes;
mod topics;
mod torn;
mod upgrade;
mod validity;
mod violations;
