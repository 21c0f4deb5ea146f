//! A password that proves an account, without signing in: for who accepts an invitation.
//!
//! Owns: nothing. Calls: back-off, passwords. Called by: invitations, through [`Accounts`].
//! Invariants: failures count like those of signing in, and tell as little (`an_account_needs_its_password`). After a crash: nothing is left.

use super::{SignIn, Visit, back_off::Subjects, log_in::Found, store::OfPlatform};
use crate::{
    Fields, Result,
    identity::{
        Email,
        accounts::{Accounts, Visitor},
        passwords::{Verdict, judge_new},
    },
};
use tenantry_pg::BoxFuture;
use tenantry_types::{UserId, identity::Proof};

impl SignIn {
    async fn prove_account(&self, visitor: &Visitor, email: &Email, password: &Proof) -> Result<UserId> {
        let subjects = Subjects::of(&self.installation, email.as_str(), visitor.address);
        let Found { user, platform } = self.find(email, &subjects).await?;
        let hash = user.as_ref().and_then(|user| user.password_hash.as_deref());
        let right = self.passwords.check(password, hash).await? != Verdict::Wrong;
        let may = right && !matches!(platform, OfPlatform::LockedOperator);
        let user = match user {
            Some(user) if may && user.disabled_at.is_none() => user,
            user => {
                let visit = Visit {
                    request_id: visitor.request_id.clone(),
                    address: visitor.address,
                    user_agent: None,
                };
                return Err(self.turn_away(&visit, user, subjects).await);
            }
        };
        self.platform
            .run("account_is_proven", (self.ctx.now(), subjects), |tx, (now, subjects)| {
                Box::pin(async move {
                    // Again: of many guesses that came side by side those that come after the first failures do not count.
                    subjects.admit(tx, *now).await?;
                    subjects.succeeded(tx).await
                })
            })
            .await?;
        Ok(user.id)
    }
}

impl Accounts for SignIn {
    fn prove<'a>(
        &'a self,
        visitor: &'a Visitor,
        email: &'a Email,
        password: &'a Proof,
    ) -> BoxFuture<'a, Result<UserId>> {
        Box::pin(self.prove_account(visitor, email, password))
    }

    fn hash_new<'a>(&'a self, password: &'a Proof, known: Vec<String>) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let mut fields = Fields::default();
            judge_new(&mut fields, "/password", password, &known);
            fields.check()?;
            self.passwords.hash(password).await
        })
    }
}
