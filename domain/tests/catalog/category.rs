use domain::category::{Categories, CreateCategory, DeleteCategory, MoveCategory, RenameCategory};
use domain::given::{Given, given, nothing_yet};
use proptest::prelude::*;
use schemas::CategoryId;
use schemas::category::{CategoryCreated, CategoryDeleted, CategoryEvent, CategoryMoved, CategoryRenamed};

pub fn id(name: &str) -> CategoryId {
    CategoryId::derived(&[name])
}

pub fn created(name: &str, parent: Option<&str>) -> CategoryEvent {
    let slug = name.parse().unwrap();
    CategoryCreated { category_id: id(name), slug, name: name.to_owned(), parent: parent.map(id) }.into()
}

fn tree() -> Given {
    let events = [created("drinks", None), created("tea", Some("drinks")), created("green-tea", Some("tea"))];
    given::<Categories>(schemas::category::stream(), events)
}

fn create(name: &str, parent: Option<&str>) -> CreateCategory {
    CreateCategory {
        category_id: id(name),
        slug: name.parse().unwrap(),
        name: name.to_owned(),
        parent: parent.map(id),
    }
}

fn shift(name: &str, parent: Option<&str>) -> MoveCategory {
    MoveCategory { category_id: id(name), parent: parent.map(id) }
}

#[test]
fn a_category_is_created_once() {
    let create = create("coffee", Some("drinks"));
    let then = tree().when(&create).then(&[created("coffee", Some("drinks"))]);
    then.again().nothing();
}

#[test]
fn a_category_needs_a_free_slug_a_name_and_a_parent_that_exists_and_all_is_told_at_once() {
    let wrong =
        CreateCategory { slug: "tea".parse().unwrap(), name: " ".to_owned(), ..create("x", Some("nowhere")) };
    let refusal = tree().when(&wrong).refused("REQUIRED");
    let codes: Vec<_> = refusal.errors.iter().map(|error| error.code.as_str()).collect();
    assert_eq!(codes, ["REQUIRED", "SLUG_TAKEN", "UNKNOWN_PARENT"]);
}

#[test]
fn an_id_that_is_taken_by_another_category_is_refused() {
    let other = CreateCategory { name: "Other".to_owned(), ..create("tea", Some("drinks")) };
    tree().when(&other).refused("CATEGORY_EXISTS");
}

#[test]
fn no_branch_is_longer_than_eight_levels() {
    let mut deep = nothing_yet();
    let mut parent = None;
    for level in 1..=8 {
        let name = format!("level-{level}");
        deep.run(&create(&name, parent.as_deref())).unwrap();
        parent = Some(name);
    }
    deep.when(&create("level-9", Some("level-8"))).refused("TOO_DEEP");
    deep.run(&create("other", None)).unwrap();
    deep.when(&shift("level-1", Some("other"))).refused("TOO_DEEP");
    deep.when(&shift("level-2", Some("other"))).events(1);
}

#[test]
fn a_category_is_renamed_once() {
    let rename = RenameCategory { category_id: id("tea"), name: "Teas".to_owned() };
    let renamed = CategoryRenamed { category_id: id("tea"), old: "tea".to_owned(), new: "Teas".to_owned() };
    tree().when(&rename).then::<CategoryEvent>(&[renamed.into()]).again().nothing();
    tree().when(&RenameCategory { category_id: id("nowhere"), name: "x".to_owned() }).refused("NOT_FOUND");
    tree().when(&RenameCategory { category_id: id("tea"), name: "x".repeat(101) }).refused("TOO_LONG");
}

#[test]
fn a_category_is_moved_once() {
    let moved = CategoryMoved { category_id: id("tea"), old_parent: Some(id("drinks")), new_parent: None };
    tree().when(&shift("tea", None)).then::<CategoryEvent>(&[moved.into()]).again().nothing();
}

#[test]
fn a_category_cannot_move_into_itself_what_is_in_it_or_what_does_not_exist() {
    tree().when(&shift("drinks", Some("green-tea"))).refused("CATEGORY_CYCLE");
    tree().when(&shift("drinks", Some("drinks"))).refused("CATEGORY_CYCLE");
    tree().when(&shift("drinks", Some("nowhere"))).refused("UNKNOWN_PARENT");
    tree().when(&shift("nowhere", None)).refused("NOT_FOUND");
}

#[test]
fn a_category_without_children_is_deleted_once() {
    let delete = DeleteCategory { category_id: id("green-tea") };
    let deleted = CategoryDeleted { category_id: id("green-tea"), name: "green-tea".to_owned() };
    tree().when(&delete).then::<CategoryEvent>(&[deleted.into()]).again().nothing();
    tree().when(&DeleteCategory { category_id: id("tea") }).refused("CATEGORY_NOT_EMPTY");
}

#[derive(Clone, Debug)]
enum Step {
    Create(usize, Option<usize>),
    Move(usize, Option<usize>),
    Delete(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let node = 0..12usize;
    let parent = prop::option::weighted(0.8, 0..12usize);
    let step = prop_oneof![
        2 => (node.clone(), parent.clone()).prop_map(|(node, parent)| Step::Create(node, parent)),
        3 => (node.clone(), parent).prop_map(|(node, parent)| Step::Move(node, parent)),
        1 => node.prop_map(Step::Delete),
    ];
    prop::collection::vec(step, 1..80)
}

proptest! {
    #[test]
    fn whatever_is_tried_every_category_hangs_below_the_top_at_most_eight_levels_deep(steps in steps()) {
        let name = |node: usize| format!("c{node}");
        let mut shop = nothing_yet();
        for step in steps {
            let parent = |parent: Option<usize>| parent.map(name);
            // Refusals are fine here: only the tree afterwards matters.
            let _verdict = match step {
                Step::Create(node, up) => shop.run(&create(&name(node), parent(up).as_deref())),
                Step::Move(node, up) => shop.run(&shift(&name(node), parent(up).as_deref())),
                Step::Delete(node) => shop.run(&DeleteCategory { category_id: id(&name(node)) }),
            };
            let tree: Categories = shop.state(&schemas::category::stream());
            for (id, _) in tree.iter() {
                let path = tree.path(id);
                prop_assert!(path.len() <= 8);
                let top = tree.get(*path.last().unwrap()).unwrap();
                prop_assert_eq!(top.parent, None, "a cycle, or a missing parent");
            }
        }
    }
}
