//! The query API over HTTP, on a store with documents written by hand.

mod api {
    mod answer_cache;
    mod calls;
    mod catalog;
    mod consistency;
    mod contracts;
    mod documents;
    mod events;
    mod execution;
    mod get;
    mod guards;
    mod hot;
    mod http;
    mod in_stock;
    mod lists;
    mod live;
    mod nodes;
    mod operators;
    mod orders;
    mod paging;
    mod past;
    mod persisted;
    mod protocol;
    mod published;
    mod recent;
    mod sdl;
    mod searching;
    mod shop;
    mod socket;
    mod trouble;
}
