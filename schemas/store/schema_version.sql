-- One row: the version of this store's schema, which every version of the head has.
select schema_version from head
