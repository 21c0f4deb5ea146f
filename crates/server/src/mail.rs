//! Mail over SMTP.
//!
//! Owns: nothing. Calls: lettre. Called by: the worker; configuration (checks an address).
//! Invariants: nothing but this machine is spoken to without TLS (`config::tests::mail_goes_encrypted_or_stays_on_this_machine`); an attempt ends within
//! its time; what the server says of a mail decides whether another attempt is worth it (`a_refused_mail_is_not_tried_again`).
//! After a crash: nothing is left; core's mail tells what happens to the attempt.

use crate::config::{Config, Secret};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use std::{sync::Arc, time::Duration};
use tenantry_core::mail::{Letter, Mailer, Undelivered};
use tenantry_pg::BoxFuture;

/// How long an attempt may take: less than a minute, after which the next one may begin.
const PATIENCE: Duration = Duration::from_secs(50);

/// The same for one answer of the mail server.
const PATIENCE_PER_COMMAND: Duration = Duration::from_secs(15);

/// Speaks SMTP with one mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Whether links are mailed, or told to whoever asked for them.
pub fn is_configured(config: &Config) -> bool {
    config.smtp_url.is_some() && config.mail_from.is_some()
}

/// The mail server of the configuration; none where there is none.
///
/// # Errors
/// Where the URL or the sender cannot be used, which the configuration has checked.
pub fn mailer(config: &Config) -> Result<Option<Arc<dyn Mailer>>, Unusable> {
    let (Some(url), Some(from)) = (&config.smtp_url, &config.mail_from) else { return Ok(None) };
    Ok(Some(Arc::new(Smtp { transport: transport(url)?, from: from.parse().map_err(|_| Unusable)? })))
}

/// A URL or sender that cannot be used. Says no more: the URL holds a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the mail server's URL or the sender cannot be used")]
pub struct Unusable;

/// Whether that can be a sender.
pub(crate) fn is_sender(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok()
}

/// The way to the mail server that `url` names, in the form that `config::parse::smtp_url` gives it. Connects to nothing yet.
pub(crate) fn transport(url: &Secret) -> Result<AsyncSmtpTransport<Tokio1Executor>, Unusable> {
    let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose()).map_err(|_| Unusable)?;
    Ok(builder.timeout(Some(PATIENCE_PER_COMMAND)).build())
}

impl Smtp {
    fn message(&self, letter: &Letter) -> Result<Message, Undelivered> {
        let unusable = |error: &dyn std::fmt::Display| Undelivered::ForGood(error.to_string());
        let to = letter.mail.to.parse().map_err(|error| unusable(&error))?;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.mail.subject.clone())
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.mail.text.clone())
            .map_err(|error| unusable(&error))
    }
}

impl Mailer for Smtp {
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), Undelivered>> {
        Box::pin(async move {
            let message = self.message(letter)?;
            match tokio::time::timeout(PATIENCE, self.transport.send(message)).await {
                Ok(Ok(_)) => Ok(()),
                // 55x is about this mail; 53x is about our password, which somebody will mend.
                Ok(Err(error)) if error.status().is_some_and(|code| code.to_string().starts_with("55")) => {
                    Err(Undelivered::ForGood(error.to_string()))
                }
                Ok(Err(error)) => Err(Undelivered::ForNow(error.to_string())),
                Err(_) => Err(Undelivered::ForNow("the mail server takes too long".to_owned())),
            }
        })
    }
}
