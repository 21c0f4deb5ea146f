//! Asks issuers for their keys.
//!
//! Owns: nothing. Calls: issuers' servers. Called by: core's external issuers.
//! Invariants: an issuer can neither keep us waiting, nor fill our memory, nor send us elsewhere (`an_issuer_cannot_send_us_elsewhere`). After a crash: nothing is left.

use std::time::Duration;
use tenantry_core::identity::external::Fetch;
use tenantry_pg::BoxFuture;
use ureq::Agent;

/// From the look-up of the name to the last byte.
const PATIENCE: Duration = Duration::from_secs(5);

/// Most bytes of an answer.
const LARGEST: u64 = 256 << 10;

/// Over HTTP.
pub(crate) struct OverHttp(Agent);

impl OverHttp {
    pub(crate) fn new() -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .max_redirects_will_error(true)
            .user_agent(concat!("tenantry/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(config.into())
    }
}

impl Fetch for OverHttp {
    fn get(&self, url: String) -> BoxFuture<'static, Result<Vec<u8>, String>> {
        let agent = self.0.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let mut answer = agent.get(&url).header("accept", "application/json").call()?;
            answer.body_mut().with_config().limit(LARGEST).read_to_vec()
        });
        Box::pin(async move {
            let answered = asked.await.map_err(|error| error.to_string())?;
            answered.map_err(|error: ureq::Error| error.to_string())
        })
    }
}
