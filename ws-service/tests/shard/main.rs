//! What a shard does, seen through its public door.

mod driver;

mod budgets;
mod closing;
mod deadlines;
mod echo;
mod torn;
mod validity;
mod violations;
