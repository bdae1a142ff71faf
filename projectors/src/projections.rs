//! The projections, one file each.

pub mod categories;
pub mod events;
pub mod order_timeline;
pub mod order_versions;
pub mod orders;
pub mod parked_reactions;
pub mod payments;
pub mod product_cards;
pub mod products;
pub mod reservations;
pub mod sales_by_week;
pub mod shipments;
pub mod stock;
pub mod stock_levels;
pub mod stock_movements;
pub mod stock_versions;

use crate::projection::Projection;

pub static REGISTRY: [&Projection; 16] = [
    &categories::CATEGORIES,
    &events::EVENTS,
    &order_timeline::ORDER_TIMELINE,
    &order_versions::ORDER_VERSIONS,
    &orders::ORDERS,
    &parked_reactions::PARKED_REACTIONS,
    &payments::PAYMENTS,
    &product_cards::PRODUCT_CARDS,
    &products::PRODUCTS,
    &reservations::RESERVATIONS,
    &sales_by_week::SALES_BY_WEEK,
    &shipments::SHIPMENTS,
    &stock::STOCK,
    &stock_levels::STOCK_LEVELS,
    &stock_movements::STOCK_MOVEMENTS,
    &stock_versions::STOCK_VERSIONS,
];

/// The projection with that name.
pub fn named(name: &str) -> Option<&'static Projection> {
    REGISTRY.iter().find(|projection| projection.name() == name).copied()
}

#[cfg(test)]
mod tests {
    use read_models::Streams;
    use schemas::AggregateType;

    use super::*;

    #[test]
    fn every_aggregate_has_a_projection_with_a_document_per_stream() {
        for aggregate in AggregateType::ALL {
            let of_aggregate =
                |one: &&Projection| one.kind() == "entity" && one.topics() == [aggregate.topic()];
            assert!(
                REGISTRY.iter().copied().any(|one| of_aggregate(&one)),
                "{aggregate} has none in REGISTRY"
            );
        }
    }

    #[test]
    fn every_projection_has_a_collection_of_its_own_that_the_store_knows() {
        let mut names: Vec<_> = REGISTRY.iter().map(|projection| projection.name()).collect();
        names.dedup();
        assert_eq!(names.len(), REGISTRY.len());
        for projection in REGISTRY {
            let known = |one: &&read_models::Collection| std::ptr::eq(*one, projection.collection());
            assert!(read_models::documents::ALL.iter().any(known), "{}", projection.name());
        }
    }

    #[test]
    fn hot_collections_are_read_by_id_only_and_another_collection_has_the_same_streams() {
        for hot in REGISTRY.iter().map(|one| one.collection()).filter(|one| one.hot) {
            assert!(hot.indexes.is_empty(), "{} has indexes", hot.name);
            let same = |one: &&Projection| !one.collection().hot && one.collection().streams == hot.streams;
            let is_entity = matches!(hot.streams, Streams::Entity(_));
            assert!(is_entity && REGISTRY.iter().copied().any(|one| same(&one)), "{}", hot.name);
        }
    }

    #[test]
    fn a_collection_declares_the_streams_of_the_topics_of_its_projection() {
        for projection in REGISTRY {
            let declared = projection.collection().streams;
            for topic in projection.topics() {
                let expected = match projection.kind() {
                    "entity" => Streams::Entity(topic.prefix()),
                    "versions" => Streams::Versions(topic.prefix()),
                    _ => Streams::Other,
                };
                assert_eq!(declared, expected, "{projection:?} on {topic}");
            }
        }
    }
}
