//! Verified identities.
//!
//! Owns: nothing. Calls: nothing. Called by: authz, identity makes them, everything else reads them.
//! Invariants: an actor is in one workspace of one tenant at most, and in the one that its credential names
//! (`no_claim_means_no_workspace`). After a crash: nothing is left.

use crate::registry::TenantRecord;
use tenantry_types::{AccessGrantId, ApiKeyId, OperatorRole, Role, SessionId, TenantId, UserId, WorkspaceId};

/// A verified identity.
#[derive(Debug, Clone)]
pub enum Actor {
    /// A user of the platform itself; member of no tenant by being one.
    Operator(Box<OperatorActor>),
    /// A person who signed in, in no workspace.
    User(Box<Person>),
    /// A person in a workspace.
    Member(Box<MemberActor>),
    /// A machine of one workspace.
    ApiKey(Box<KeyActor>),
    /// An operator in a tenant's workspace, by a grant that ends.
    Granted(Box<GrantedActor>),
    /// The platform's own worker.
    System,
}

/// Where an identity acts, and as what.
#[derive(Debug, Clone)]
pub struct Place {
    /// The tenant, as it was when the identity was verified.
    pub tenant: TenantRecord,
    /// The workspace it is confined to.
    pub workspace: WorkspaceId,
    /// What it may do there.
    pub role: Role,
}

/// What a person's identity hangs on: when that ends, so does the identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProvenBy {
    /// A sign-in here.
    Session(SessionId),
    /// A token of this external issuer.
    Issuer(String),
}

/// A person.
#[derive(Debug, Clone)]
pub struct Person {
    /// The user's row.
    pub id: UserId,
    /// The user's address.
    pub email: String,
    /// The user's name.
    pub name: String,
    /// What it hangs on.
    pub proven_by: ProvenBy,
}

/// An operator.
#[derive(Debug, Clone)]
pub struct OperatorActor {
    /// Who; none for whoever holds `TENANTRY_OPERATOR_TOKEN`.
    pub person: Option<Person>,
    /// What they may do.
    pub role: OperatorRole,
}

/// A person in a workspace.
#[derive(Debug, Clone)]
pub struct MemberActor {
    /// Who.
    pub person: Person,
    /// Where, and as what.
    pub place: Place,
}

/// What is known of an API key after it was verified.
#[derive(Debug, Clone)]
pub struct KeyActor {
    /// Its row.
    pub id: ApiKeyId,
    /// For people.
    pub name: String,
    /// Where, and as what.
    pub place: Place,
    /// What it is confined to; empty: all that its role may.
    pub scopes: Vec<String>,
}

/// An operator in a tenant's workspace.
#[derive(Debug, Clone)]
pub struct GrantedActor {
    /// The grant's row.
    pub grant: AccessGrantId,
    /// Who, as in audit events.
    pub operator: String,
    /// Where, and as what.
    pub place: Place,
}

impl Actor {
    /// Whoever holds the operator's token of the configuration.
    pub fn operator() -> Self {
        Self::Operator(Box::new(OperatorActor { person: None, role: OperatorRole::Admin }))
    }

    /// Where it acts; operators and people in no workspace act nowhere.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Operator(_) | Self::User(_) | Self::System => None,
            Self::Member(member) => Some(&member.place),
            Self::ApiKey(key) => Some(&key.place),
            Self::Granted(granted) => Some(&granted.place),
        }
    }

    /// The tenant it belongs to.
    pub fn tenant_id(&self) -> Option<TenantId> {
        self.place().map(|place| place.tenant.id)
    }

    /// The person behind it.
    pub fn person(&self) -> Option<&Person> {
        match self {
            Self::Operator(operator) => operator.person.as_ref(),
            Self::User(person) => Some(person),
            Self::Member(member) => Some(&member.person),
            Self::ApiKey(_) | Self::Granted(_) | Self::System => None,
        }
    }

    /// The word in audit events.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Operator(_) | Self::Granted(_) => "operator",
            Self::User(_) | Self::Member(_) => "user",
            Self::ApiKey(_) => "api_key",
            Self::System => "system",
        }
    }

    /// Who exactly, for audit events and logs: an id, never an address or a name, so that a person who is erased leaves none behind.
    pub fn label(&self) -> String {
        match self {
            Self::Operator(operator) => {
                operator.person.as_ref().map_or_else(|| "operator".to_owned(), |person| person.id.to_string())
            }
            Self::User(person) => person.id.to_string(),
            Self::Member(member) => member.person.id.to_string(),
            Self::ApiKey(key) => key.id.to_string(),
            Self::Granted(granted) => format!("{} by {}", granted.operator, granted.grant),
            Self::System => "worker".to_owned(),
        }
    }

    /// Whose idempotency keys it uses: a person has others in each workspace.
    pub fn principal(&self) -> String {
        match self {
            Self::Member(member) => format!("{} in {}", member.person.id, member.place.workspace),
            other => other.label(),
        }
    }
}
