//! One embedded database: tables, records, migration, the writer thread
