// The tables. Migrations only go forward; one that was shipped is never changed. Tables whose keys are random have no row ids: the order in which rows
// were inserted would say which belong together.
import GRDB

enum Schema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { db in try db.execute(sql: version1) }
    return migrator
  }

  private static let version1 = """
    CREATE TABLE house (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      certificate BLOB,
      policy BLOB,
      incarnation INTEGER NOT NULL,
      revocations INTEGER NOT NULL,
      feed_size INTEGER NOT NULL,
      feed_hash BLOB NOT NULL
    ) STRICT;
    INSERT INTO house VALUES (1, NULL, NULL, 1, 0, 0, zeroblob(32));
    CREATE TABLE feed (
      position INTEGER PRIMARY KEY,
      entry BLOB NOT NULL
    ) STRICT;
    CREATE TABLE accounts (
      account BLOB PRIMARY KEY,
      kind INTEGER NOT NULL,
      name BLOB NOT NULL,
      local_part BLOB NOT NULL UNIQUE,
      function BLOB NOT NULL,
      folded BLOB NOT NULL,
      active INTEGER NOT NULL,
      length INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE statements (
      account BLOB NOT NULL,
      position INTEGER NOT NULL,
      statement BLOB NOT NULL,
      PRIMARY KEY (account, position)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE devices (
      device BLOB PRIMARY KEY,
      account BLOB NOT NULL,
      mailbox BLOB NOT NULL UNIQUE,
      signature_key BLOB NOT NULL,
      revoked INTEGER NOT NULL,
      instance BLOB,
      session INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE invitations (
      key BLOB PRIMARY KEY,
      invitation BLOB NOT NULL,
      house_tag BLOB NOT NULL,
      not_after INTEGER NOT NULL,
      open INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE key_packages (
      device BLOB NOT NULL,
      id BLOB NOT NULL,
      last_resort INTEGER NOT NULL,
      key_package BLOB NOT NULL,
      not_after INTEGER NOT NULL,
      PRIMARY KEY (device, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE groups (
      group_id BLOB PRIMARY KEY,
      epoch INTEGER NOT NULL,
      roster BLOB NOT NULL,
      frozen INTEGER NOT NULL,
      previous_epoch INTEGER,
      previous_roster BLOB
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE trees (
      group_id BLOB PRIMARY KEY,
      id BLOB NOT NULL,
      sealed BLOB NOT NULL,
      previous BLOB
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE kept_trees (
      group_id BLOB NOT NULL,
      epoch INTEGER NOT NULL,
      sealed BLOB NOT NULL,
      until INTEGER NOT NULL,
      PRIMARY KEY (group_id, epoch)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE mailboxes (
      mailbox BLOB PRIMARY KEY,
      next INTEGER NOT NULL,
      next_key BLOB NOT NULL,
      closed INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE mail (
      mailbox BLOB NOT NULL,
      number INTEGER NOT NULL,
      sealed BLOB NOT NULL,
      day INTEGER NOT NULL,
      PRIMARY KEY (mailbox, number)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX mail_day ON mail (day);
    CREATE TABLE bodies (
      body BLOB PRIMARY KEY,
      sealed_count BLOB NOT NULL,
      sealed BLOB NOT NULL,
      day INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX bodies_day ON bodies (day);
    CREATE TABLE answers (
      request BLOB PRIMARY KEY,
      sealed BLOB NOT NULL,
      day INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX answers_day ON answers (day);
    """
}
