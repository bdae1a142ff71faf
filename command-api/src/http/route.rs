//! The description of a route.

use http_server::Audience;
use schemas::Context;

/// The route of a command.
#[derive(Clone, Copy)]
pub(super) struct RouteSpec {
    pub method: &'static str,
    pub path: &'static str,
    pub audiences: &'static [Audience],
    /// The context whose log records the command; `None` if the input names it.
    pub context: Option<Context>,
    /// The operation's id in OpenAPI.
    pub name: &'static str,
    pub summary: &'static str,
    pub creates: Creates,
}

/// The kind of resource that a command creates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Creates {
    /// Nothing.
    Nothing,
    /// A resource that is addressed by the response's id.
    ById,
    /// A resource that is addressed by the response's SKU.
    BySku,
}

/// Routes of the same context for the same audiences.
#[derive(Clone, Copy)]
pub(super) struct RouteGroup {
    pub context: Option<Context>,
    pub audiences: &'static [Audience],
}

impl RouteGroup {
    const fn route(
        self,
        method: &'static str,
        path: &'static str,
        name: &'static str,
        summary: &'static str,
    ) -> RouteSpec {
        let Self { context, audiences } = self;
        RouteSpec { method, path, audiences, context, name, summary, creates: Creates::Nothing }
    }

    pub(super) const fn post(
        self,
        path: &'static str,
        name: &'static str,
        summary: &'static str,
    ) -> RouteSpec {
        self.route("POST", path, name, summary)
    }

    pub(super) const fn put(
        self,
        path: &'static str,
        name: &'static str,
        summary: &'static str,
    ) -> RouteSpec {
        self.route("PUT", path, name, summary)
    }

    pub(super) const fn patch(
        self,
        path: &'static str,
        name: &'static str,
        summary: &'static str,
    ) -> RouteSpec {
        self.route("PATCH", path, name, summary)
    }

    pub(super) const fn delete(
        self,
        path: &'static str,
        name: &'static str,
        summary: &'static str,
    ) -> RouteSpec {
        self.route("DELETE", path, name, summary)
    }
}

impl RouteSpec {
    /// The command creates a resource that is addressed by its id.
    pub(super) const fn creating(self) -> Self {
        Self { creates: Creates::ById, ..self }
    }

    /// The command creates a resource that is addressed by its SKU.
    pub(super) const fn creating_sku(self) -> Self {
        Self { creates: Creates::BySku, ..self }
    }
}
