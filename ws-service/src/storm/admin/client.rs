//! The requests to the admin listener.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Deserialize;
use ureq::Agent;

use super::Counts;

/// How long an answer may take: the service may be busy, that is what a storm is for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks one service.
#[derive(Debug, Clone)]
pub(in crate::storm) struct Client {
    agent: Agent,
    status: String,
    authorization: Option<String>,
}

/// What is read of `/api/v1/status`.
#[derive(Deserialize)]
struct Status {
    bucket_bounds_seconds: Vec<f64>,
    total: Counts,
}

impl Client {
    /// For the listener at `url`, with the token in a file, if it asks for one.
    ///
    /// # Errors
    ///
    /// The URL is no plain HTTP, the file can't be read, or there is no ws-service.
    pub(in crate::storm) fn new(url: &str, token: Option<&Path>) -> anyhow::Result<Self> {
        ensure!(url.starts_with("http://"), "{url}: expected http://HOST:PORT");
        let read =
            |path: &Path| fs::read_to_string(path).with_context(|| path.display().to_string());
        let token = token.map(read).transpose()?;
        // No connection is kept: who counts the server's descriptors must not count ours.
        let config = Agent::config_builder().timeout_global(Some(PATIENCE)).max_idle_connections(0);
        let client = Self {
            agent: config.build().into(),
            status: format!("{}/api/v1/status", url.trim_end_matches('/')),
            authorization: token.map(|token| format!("Bearer {}", token.trim())),
        };
        client.counts()?;
        Ok(client)
    }

    /// What the service has counted until now.
    ///
    /// # Errors
    ///
    /// It doesn't answer, or not as a ws-service does.
    pub(in crate::storm) fn counts(&self) -> anyhow::Result<Counts> {
        let mut request = self.agent.get(&self.status);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let mut answer = request.call().with_context(|| self.status.clone())?;
        let text = answer.body_mut().read_to_string().with_context(|| self.status.clone())?;
        let status: Status = serde_json::from_str(&text).with_context(|| self.status.clone())?;
        Ok(status.total.with_bounds(&status.bucket_bounds_seconds))
    }
}
