//! Pages of products.

use crate::execution::Ctx;
use async_graphql::Result;
use query_api_macros::object;

use super::Product;
use super::facet::Facet;
use crate::page::{Connection, Edge, PageInfo};

pub(crate) struct ProductConnection {
    pub(crate) page: Connection<Product>,
    /// Of the whole list; empty if the client does not read them.
    pub(crate) facets: Vec<search::Facet>,
}

/// One page of a list of products, as a Relay connection with facets.
#[object]
impl ProductConnection {
    /// The nodes of this page, without their cursors.
    fn nodes(&self) -> Vec<&Product> {
        self.page.nodes()
    }

    /// The nodes of this page with their cursors.
    fn edges(&self) -> Vec<Edge<'_, Product>> {
        self.page.edges()
    }

    /// Position of this page in the list.
    async fn page_info(&self, ctx: &Ctx<'_>) -> Result<PageInfo> {
        self.page.page_info(ctx).await
    }

    /// Number of nodes in the whole list, across all pages. Null if there are more than 10 000 and the list is
    /// neither searched nor read with facets.
    async fn total_count(&self, ctx: &Ctx<'_>) -> Result<Option<u64>> {
        self.page.total_count(ctx).await
    }

    /// Facets of the whole list: category, brand, price, availability and stock, then the 20 attributes that most
    /// products have. The count of a value ignores the filters on its own facet.
    fn facets(
        &self,
        #[graphql(desc = "Ids of the facets to return, at most 100; all of them if not given.")]
        names: Option<Vec<String>>,
    ) -> Result<Vec<Facet>> {
        Ok(Facet::named(&self.facets, names.as_deref())?)
    }
}
