//! One container, whatever runs in it: how it is made, what was changed on it since, and how it is replaced.
//!
//! A kind says what it wants as a [`ContainerDraft`], how its container is made as a [`Workload`], and how it sees that what runs
//! there is healthy ([`ContainerKind`]); everything else is the same for all of them and is here. A plan carries a [`ContainerSpec`], which a
//! kind turns into a [`Workload`] again: a plan that somebody wrote by hand gets no container that a kind would not make.

pub(crate) mod body;
pub(crate) mod design;
pub(crate) mod drift;
pub(crate) mod health;
pub(crate) mod helper;
pub(crate) mod job;
mod kind;
pub(crate) mod labels;
pub(crate) mod look;
pub(crate) mod observe;
pub(crate) mod prove;
pub(crate) mod remove;
pub(crate) mod repair;
pub(crate) mod restarts;
pub(crate) mod run;
pub(crate) mod spec;
pub(crate) mod stop;
pub(crate) mod up;

pub(crate) use job::WayBack;
pub(crate) use kind::{
    ContainerDraft, ContainerKind, ContainerStart, InnerState, ObservedContainer, planned_outputs,
};
