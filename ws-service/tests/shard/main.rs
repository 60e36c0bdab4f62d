//! What a shard does, seen through its public door.

mod driver;

mod backpressure;
mod budgets;
mod closing;
mod deadlines;
mod defer;
mod echo;
mod overtaking;
mod panics;
mod torn;
mod upgrade;
mod validity;
mod violations;
