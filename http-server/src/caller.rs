//! The sender of a request.

use std::collections::BTreeSet;

use axum::http::Extensions;

/// The sender of a request. The address sets it. The scope of idempotency keys, the actor of events and the audience of
/// responses follow from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Caller {
    /// Not signed in.
    #[default]
    Guest,
    /// A customer.
    Customer {
        /// The customer's id.
        id: String,
    },
    /// A member of staff.
    Staff {
        /// The name that events record.
        name: String,
        /// The member's permissions.
        scopes: Scopes,
    },
    /// A program that acts for the shop.
    Service {
        /// The name that events record.
        name: String,
        /// The program's permissions.
        scopes: Scopes,
    },
}

/// Permissions of a member of staff or a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scopes {
    /// All permissions.
    All,
    /// Only these.
    Only(BTreeSet<String>),
}

/// The group of callers that a route, a schema or a field is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Guests and customers.
    Public,
    /// Staff and services.
    Staff,
}

impl Caller {
    /// A member of staff with all scopes.
    pub fn staff(name: impl Into<String>) -> Self {
        Self::Staff { name: name.into(), scopes: Scopes::All }
    }

    /// The caller of a request that came through an address; a guest for any other request.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_default()
    }

    /// The audience that the caller belongs to.
    pub fn audience(&self) -> Audience {
        match self {
            Self::Guest | Self::Customer { .. } => Audience::Public,
            Self::Staff { .. } | Self::Service { .. } => Audience::Staff,
        }
    }

    /// Whether the caller has a scope. Guests and customers have none.
    pub fn has_scope(&self, scope: &str) -> bool {
        match self {
            Self::Guest | Self::Customer { .. } => false,
            Self::Staff { scopes, .. } | Self::Service { scopes, .. } => match scopes {
                Scopes::All => true,
                Scopes::Only(scopes) => scopes.contains(scope),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_without_a_caller_is_a_guests() {
        let caller = Caller::of(&Extensions::new());
        assert_eq!((caller.audience(), caller), (Audience::Public, Caller::Guest));
    }

    #[test]
    fn only_staff_and_services_have_scopes() {
        let only = Scopes::Only(["orders:read".to_owned()].into());
        let service = Caller::Service { name: "erp".to_owned(), scopes: only };
        assert!(service.has_scope("orders:read") && !service.has_scope("orders:write"));
        assert!(Caller::staff("operator").has_scope("orders:write"));
        assert!(!Caller::Customer { id: "c1".to_owned() }.has_scope("orders:read"));
        assert_eq!(service.audience(), Audience::Staff);
    }
}
