//! A kind of resource as a table: validation, diff, `pospool explain` and the reference page read it.

/// What an attribute may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer,
    /// Text.
    Text,
    /// Money, written `cfx(5)` or `drip("5")`.
    Amount,
    /// A number of blocks, written `blocks(5)`.
    Blocks,
    /// A secret, written `env("NAME")` or `file("PATH")`.
    Secret,
    /// A bare path to a resource of one of these kinds, such as `host.main`.
    Reference(&'static [&'static str]),
    /// Values of one type in order.
    List(&'static Type),
    /// Values by free names. Only names that the spec writes are compared with the
    /// outside; bare resources inside stand for their [`KindSchema::identity`].
    Settings,
    /// Any value; the provider looks at it in `normalise`.
    Any,
}

/// Whether an attribute must be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The spec must write it.
    Required,
    /// It may be left out.
    Optional,
    /// A reference that may be left out when the spec has exactly one resource of
    /// its kinds: then that one is meant.
    Implied,
    /// The same, but nothing is meant when the spec has none.
    Assumed,
}

/// How the engine reacts when an attribute differs from what is there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OnChange {
    /// The provider can change it in place.
    Update,
    /// The object must be taken down and made again.
    Replace,
    /// It cannot be changed once the object exists: the plan stops with a diagnostic.
    Refuse,
    /// It says how to reach or run something, and a new value changes nothing outside.
    Ignore,
}

/// One attribute of a kind.
#[derive(Clone, Copy, Debug)]
pub struct AttributeSchema {
    /// Name in the spec.
    pub name: &'static str,
    /// What it may hold.
    pub ty: Type,
    /// Whether the spec must write it.
    pub presence: Presence,
    /// What a new value means.
    pub on_change: OnChange,
    /// What it is for, with unit and default.
    pub doc: &'static str,
}

impl AttributeSchema {
    /// One row of a table.
    #[must_use]
    pub const fn new(
        name: &'static str,
        ty: Type,
        presence: Presence,
        on_change: OnChange,
        doc: &'static str,
    ) -> Self {
        Self {
            name,
            ty,
            presence,
            on_change,
            doc,
        }
    }
}

/// One value that a resource gives to others, such as `core_contract.pool.address`.
#[derive(Clone, Copy, Debug)]
pub struct OutputSchema {
    /// Name in references.
    pub name: &'static str,
    /// What it is, with unit.
    pub doc: &'static str,
    /// Whether it changes outside by itself, so that what is recorded of it is soon not true any more.
    pub moves: bool,
}

impl OutputSchema {
    /// One row of a table.
    #[must_use]
    pub const fn new(name: &'static str, doc: &'static str) -> Self {
        Self {
            name,
            doc,
            moves: false,
        }
    }

    /// A row of something that changes outside by itself.
    #[must_use]
    pub const fn moving(name: &'static str, doc: &'static str) -> Self {
        Self {
            moves: true,
            ..Self::new(name, doc)
        }
    }
}

/// When a resource's values are known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// It describes something that is there already (a chain, an account, a host,
    /// a source): nothing is made, and it is looked at before everything else.
    Given,
    /// It is made, changed and taken down by steps of the plan.
    Managed,
}

/// A kind of resource.
#[derive(Clone, Copy, Debug)]
pub struct KindSchema {
    /// Name in the spec.
    pub kind: &'static str,
    /// What it is, in a sentence or two.
    pub doc: &'static str,
    /// Whether it is made or merely described.
    pub role: Role,
    /// What a spec writes.
    pub attributes: &'static [AttributeSchema],
    /// What a spec may read from it.
    pub outputs: &'static [OutputSchema],
    /// Whether other output names than those listed may be read (a source has a name for each contract).
    pub open_outputs: bool,
    /// The output that a bare path stands for inside settings.
    pub identity: Option<&'static str>,
    /// Why a step that creates one cannot be undone, if so. Such a resource needs
    /// `lifecycle { irreversible = "accept" }`.
    pub irreversible: Option<&'static str>,
    /// A spec that shows it, for `pospool explain`.
    pub example: &'static str,
}

impl KindSchema {
    /// A kind without anything, for the fields that a table leaves out.
    pub const EMPTY: Self = Self {
        kind: "",
        doc: "",
        role: Role::Managed,
        attributes: &[],
        outputs: &[],
        open_outputs: false,
        identity: None,
        irreversible: None,
        example: "",
    };

    /// Finds an attribute by name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'static AttributeSchema> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    /// Whether an output changes outside by itself.
    #[must_use]
    pub fn output_moves(&self, name: &str) -> bool {
        let mut outputs = self.outputs.iter();
        outputs.any(|output| output.moves && output.name == name)
    }
}
