extension Schema {
    /// Fields that nobody has had a value of, and whose type is therefore not known; ``Field/isOpen``.
    ///
    /// `settled_by`: the import that brought the first values, and with them the type; NULL where the type came with the field.
    static let openFields = """
        ALTER TABLE field ADD COLUMN open INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE field ADD COLUMN settled_by INTEGER;
        """
}
