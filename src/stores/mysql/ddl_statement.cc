#include "stores/mysql/ddl_statement.h"

#include <algorithm>
#include <array>
#include <utility>

namespace wherry::stores::mysql {

namespace {

constexpr std::array<std::string_view, 15> object_kinds{
    "TABLE", "INDEX", "DATABASE", "SCHEMA", "VIEW",     "TRIGGER", "PROCEDURE", "FUNCTION",
    "EVENT", "USER",  "ROLE",     "SERVER", "SEQUENCE", "PACKAGE", "RESOURCE"};
// Heads of statements that change no definition of a table and no row.
constexpr std::array<std::string_view, 15> harmless_heads{
    "ANALYZE", "OPTIMIZE", "REPAIR", "CHECK",   "CHECKSUM",  "FLUSH", "GRANT", "REVOKE",
    "SET",     "RESET",    "CACHE",  "INSTALL", "UNINSTALL", "KILL",  "PURGE"};

class Reader {
 public:
  Reader(std::string_view sql, SqlDialect dialect, const std::string& default_schema)
      : default_schema_(default_schema) {
    for (Token& token : tokenize(sql, dialect)) {
      if (token.kind == TokenKind::mark) {
        out_.marks.emplace_back(token.begin, token.end);
      } else {
        tokens_.push_back(std::move(token));
      }
    }
    while (!tokens_.empty() && tokens_.back().is(';')) tokens_.pop_back();
  }

  DdlStatement run() {
    // MariaDB: settings for the one statement behind FOR.
    if (take("SET", "STATEMENT")) {
      while (!at_end() && !take("FOR")) ++at_;
    }
    if (take("CREATE")) {
      create();
    } else if (take("DROP")) {
      drop();
    } else if (take("ALTER")) {
      alter();
    } else if (take("RENAME")) {
      rename();
    } else if (take("TRUNCATE")) {
      take("TABLE");
      set(DdlKind::truncate_table, "truncate table");
      table();
      expect_end();
    } else if (is_harmless()) {
      set(DdlKind::no_change, "maintenance");
    }
    if (broken_) out_.kind = DdlKind::unknown;
    return std::move(out_);
  }

 private:
  void set(DdlKind kind, std::string what) {
    out_.kind = kind;
    out_.what = std::move(what);
  }
  void refuse(std::string code, std::string why) {
    if (!out_.refusal_code.empty()) return;
    out_.refusal_code = std::move(code);
    out_.refusal = std::move(why);
  }

  bool at_end() const { return at_ >= tokens_.size(); }
  bool next_is(std::string_view word) const { return !at_end() && tokens_[at_].is(word); }
  bool next_is(char symbol) const { return !at_end() && tokens_[at_].is(symbol); }
  bool is(std::size_t i, std::string_view word) const {
    return i < tokens_.size() && tokens_[i].is(word);
  }
  bool is(std::size_t i, char symbol) const { return i < tokens_.size() && tokens_[i].is(symbol); }
  template <typename What>
  bool take(What what) {
    if (!next_is(what)) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view first, std::string_view second) {
    if (!next_is(first) || !is(at_ + 1, second)) return false;
    at_ += 2;
    return true;
  }
  void take_if_exists() { take("IF", "EXISTS"); }
  void take_if_not_exists() {
    if (!next_is("IF") || !is(at_ + 1, "NOT") || !is(at_ + 2, "EXISTS")) return;
    at_ += 3;
    out_.if_not_exists = true;
  }
  void expect_end() { broken_ = broken_ || !at_end(); }

  bool is_name(std::size_t i) const {
    return i < tokens_.size() &&
           (tokens_[i].kind == TokenKind::name || tokens_[i].kind == TokenKind::word);
  }

  // t or s.t at `at_`; MySQL's ".t" is not read.
  NamedTable name(const std::string& schema) {
    if (!is_name(at_)) {
      broken_ = true;
      return {};
    }
    const Token& first = tokens_[at_++];
    if (!next_is('.') || !is_name(at_ + 1)) {
      return {{schema, first.value}, first.begin, first.end};
    }
    const Token& second = tokens_[at_ + 1];
    at_ += 2;
    return {{first.value, second.value}, first.begin, second.end};
  }
  void table() { out_.tables.push_back(name(default_schema_)); }

  // The word that says what is created, altered or dropped: "TABLE", "VIEW" …
  std::string object_kind() {
    for (; !at_end(); ++at_) {
      if (next_is("TEMPORARY")) temporary_ = true;
      if (take("OR", "REPLACE")) {
        out_.or_replace = true;
        --at_;
        continue;
      }
      if (next_is("IGNORE")) refuse("ddl.alter_ignore", "ALTER IGNORE drops rows as it likes");
      for (const auto kind : object_kinds) {
        if (take(kind)) return std::string(kind);
      }
    }
    return {};
  }

  void not_carried(std::string_view verb, const std::string& kind) {
    static constexpr std::string_view known =
        "VIEW TRIGGER PROCEDURE FUNCTION EVENT USER ROLE SERVER "
        "SEQUENCE PACKAGE RESOURCE";
    if (kind.empty() || known.find(kind) == std::string_view::npos) return;
    std::string object = kind;
    std::transform(object.begin(), object.end(), object.begin(),
                   [](char c) { return static_cast<char>(c | 0x20); });
    set(DdlKind::not_carried, std::string(verb) + " " + object);
  }

  void create() {
    const std::string kind = object_kind();
    if (kind == "TABLE") {
      create_table();
    } else if (kind == "INDEX") {
      set(DdlKind::create_index, "create index");
      take_if_not_exists();
      while (!at_end() && !next_is("ON")) ++at_;
      broken_ = broken_ || !take("ON");
      table();
    } else if (kind == "DATABASE" || kind == "SCHEMA") {
      set(DdlKind::create_schema, "create database");
      take_if_not_exists();
      schema();
      while (!at_end()) {
        out_.schema_names_charset = out_.schema_names_charset || next_is("CHARACTER") ||
                                    next_is("CHARSET") || next_is("COLLATE");
        ++at_;
      }
    } else {
      not_carried("create", kind);
    }
  }

  void create_table() {
    set(DdlKind::create_table, "create table");
    take_if_not_exists();
    table();
    if (temporary_) {
      set(DdlKind::not_carried, "create temporary table");
      return;
    }
    const bool in_parentheses = next_is('(') && is(at_ + 1, "LIKE");
    if (in_parentheses) ++at_;
    if (take("LIKE")) {
      set(DdlKind::create_table_like, "create table");
      table();
      if (in_parentheses) broken_ = broken_ || !take(')');
      expect_end();
      return;
    }
    if (!next_is('(') || is(at_ + 1, "SELECT") || is(at_ + 1, '(')) {
      set(DdlKind::create_table_select, "create table select");
      return;
    }
    read_definitions(true);
  }

  void drop() {
    const std::string kind = object_kind();
    if (kind == "TABLE") {
      set(DdlKind::drop_table, "drop table");
      take_if_exists();
      do {
        table();
      } while (take(','));
      if (take("WAIT")) ++at_;
      take("NOWAIT");
      if (!take("RESTRICT")) take("CASCADE");
      expect_end();
      if (temporary_) set(DdlKind::not_carried, "drop temporary table");
    } else if (kind == "INDEX") {
      set(DdlKind::drop_index, "drop index");
      while (!at_end() && !next_is("ON")) ++at_;
      broken_ = broken_ || !take("ON");
      table();
    } else if (kind == "DATABASE" || kind == "SCHEMA") {
      set(DdlKind::drop_schema, "drop database");
      take_if_exists();
      schema();
      expect_end();
    } else {
      not_carried("drop", kind);
    }
  }

  void alter() {
    const std::string kind = object_kind();
    if (kind == "TABLE") {
      set(DdlKind::alter_table, "alter table");
      take_if_exists();
      table();
      out_.counts_only = sets_counter_only();
      read_definitions(false);
    } else if (kind == "DATABASE" || kind == "SCHEMA") {
      set(DdlKind::alter_schema, "alter database");
      const bool named = is_name(at_) && !next_is("CHARACTER") && !next_is("CHARSET") &&
                         !next_is("COLLATE") && !next_is("DEFAULT") && !next_is("COMMENT") &&
                         !next_is("ENCRYPTION") && !next_is("READ");
      if (named) {
        schema();
      } else {
        const std::size_t here = at_end() ? 0 : tokens_[at_].begin;
        out_.schema = NamedTable{{default_schema_, ""}, here, here};
      }
      if (next_is("UPGRADE")) set(DdlKind::no_change, "maintenance");
    } else {
      not_carried("alter", kind);
    }
  }

  void rename() {
    if (take("USER")) {
      set(DdlKind::not_carried, "rename user");
      return;
    }
    if (!take("TABLE") && !take("TABLES")) return;
    set(DdlKind::rename_table, "rename table");
    take_if_exists();
    do {
      table();
      if (take("WAIT")) ++at_;
      take("NOWAIT");
      broken_ = broken_ || !take("TO");
      table();
    } while (take(','));
    expect_end();
  }

  void schema() {
    if (!is_name(at_)) {
      broken_ = true;
      return;
    }
    out_.schema = NamedTable{{tokens_[at_].value, ""}, tokens_[at_].begin, tokens_[at_].end};
    ++at_;
  }

  bool is_harmless() const {
    return std::any_of(harmless_heads.begin(), harmless_heads.end(),
                       [this](std::string_view head) { return next_is(head); });
  }

  // The rest of CREATE TABLE and ALTER TABLE: names within it, and what cannot be carried.
  void read_definitions(bool creating) {
    int depth = 0;
    while (!at_end() && !broken_) {
      if (next_is('(')) ++depth;
      if (next_is(')')) --depth;
      if (take("REFERENCES")) {
        out_.references.push_back(name(out_.tables[0].name.schema));
        continue;
      }
      check_word(creating, depth);
      if (at_end()) break;
      if (next_is("JSON") && is_column_type(at_, depth)) {
        out_.json_types.emplace_back(tokens_[at_].begin, tokens_[at_].end);
      }
      if (!creating && depth == 0 && next_is("RENAME")) {
        take_rename();
      } else {
        ++at_;
      }
    }
    broken_ = broken_ || depth != 0;
  }

  // Whether the word at `i` says the type of the column that is named before it. JSON is no
  // reserved word, so that it can be a column's name as well.
  bool is_column_type(std::size_t i, int depth) const {
    if (i < 2 || !is_name(i - 1)) return false;
    const std::size_t name = i - 1;
    if (depth != 0 && (is(name - 1, '(') || is(name - 1, ','))) return !begins_another_part(name);
    const std::size_t head = before_condition(name);
    if (is(head, "ADD") || is(head, "MODIFY")) return !begins_another_part(name);
    // CHANGE old new type
    return is_name(head) && is(before_condition(head), "CHANGE") && !is(name, "EXISTS") &&
           !is(name, "COLUMN");
  }
  // The token before a column's name and COLUMN, IF EXISTS, IF NOT EXISTS in front of it.
  std::size_t before_condition(std::size_t name) const {
    std::size_t at = name - 1;
    constexpr std::size_t most = 3;  // IF NOT EXISTS
    if (is(at, "EXISTS") && at >= most) at -= is(at - 1, "NOT") ? most : most - 1;
    if (is(at, "COLUMN") && at >= 1) --at;
    return at;
  }
  bool begins_another_part(std::size_t i) const {
    static constexpr std::array<std::string_view, 15> heads{
        "PRIMARY", "KEY",        "INDEX",        "UNIQUE", "FULLTEXT",
        "SPATIAL", "CONSTRAINT", "FOREIGN",      "CHECK",  "PERIOD",
        "COLUMN",  "PARTITION",  "SUBPARTITION", "EXISTS", "SYSTEM"};
    return std::any_of(heads.begin(), heads.end(),
                       [&](std::string_view head) { return is(i, head); });
  }

  // AUTO_INCREMENT [=] n and nothing else is left.
  bool sets_counter_only() const {
    const std::size_t value = is(at_ + 1, '=') ? at_ + 2 : at_ + 1;
    return next_is("AUTO_INCREMENT") && value + 1 == tokens_.size() &&
           tokens_[value].kind == TokenKind::word;
  }

  // ALTER TABLE … RENAME [TO] t, but not RENAME COLUMN and RENAME INDEX. After a comma or the
  // table's name only, so that a column of that name is none.
  void take_rename() {
    const bool is_action =
        at_ > 0 && (tokens_[at_ - 1].is(',') || tokens_[at_ - 1].end == out_.tables[0].end);
    ++at_;
    if (!is_action || next_is("COLUMN") || next_is("INDEX") || next_is("KEY")) return;
    if (!take("TO") && !take("AS")) take('=');
    out_.renamed_to = name(default_schema_);
  }

  // EXCHANGE PARTITION p WITH TABLE t [WITHOUT VALIDATION]
  void take_exchange() {
    set(DdlKind::exchange_partition, "alter table");
    at_ += 3;
    broken_ = broken_ || !take("WITH", "TABLE");
    table();
    at_ = tokens_.size();
  }

  void take_tablespace() {
    set(next_is("IMPORT") ? DdlKind::import_tablespace : DdlKind::discard_tablespace,
        "alter table");
    at_ = tokens_.size();
  }

  void check_word(bool creating, int depth) {
    if (depth == 0 && creating && (next_is("SELECT") || next_is("AS") || next_is("WITH")) &&
        !is(at_ + 1, "SYSTEM") && !is(at_ + 1, "PARSER")) {
      set(DdlKind::create_table_select, "create table select");
    }
    // MySQL 8.0.21 logs CREATE TABLE … SELECT so: the rows follow in the same transaction.
    if (depth == 0 && creating && next_is("START") && is(at_ + 1, "TRANSACTION")) {
      out_.marks.emplace_back(tokens_[at_].begin, tokens_[at_ + 1].end);
    }
    if (next_is("ENGINE")) {
      const std::size_t value = is(at_ + 1, '=') ? at_ + 2 : at_ + 1;
      if (value < tokens_.size() && !is(value, "INNODB") && depth == 0) {
        refuse("ddl.engine", "the table would not be kept by InnoDB");
      }
    }
    // Not ON UPDATE CURRENT_TIMESTAMP.
    if (next_is("ON") && (is(at_ + 1, "DELETE") || is(at_ + 1, "UPDATE")) &&
        (is(at_ + 2, "CASCADE") || is(at_ + 2, "SET"))) {
      out_.cascades = true;
    }
    if (creating || depth != 0) return;
    if (next_is("EXCHANGE") && is(at_ + 1, "PARTITION")) take_exchange();
    if ((next_is("DISCARD") || next_is("IMPORT")) &&
        (is(at_ + 1, "TABLESPACE") || is(at_ + 1, "PARTITION"))) {
      take_tablespace();
    }
    if (next_is("CONVERT") && (is(at_ + 1, "PARTITION") || is(at_ + 1, "TABLE"))) {
      refuse("ddl.convert_partition",
             "a partition becomes a table, or a table a partition: begin the migration again, and "
             "do the same by CREATE TABLE and EXCHANGE PARTITION, which are carried");
    }
    if ((next_is("ADD") || next_is("DROP")) && is(at_ + 1, "SYSTEM")) {
      refuse("ddl.system_versioning", "system-versioned tables are not carried");
    }
  }

  const std::string& default_schema_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  bool temporary_ = false;
  bool broken_ = false;
  DdlStatement out_;
};

}  // namespace

DdlStatement read_ddl(std::string_view sql, SqlDialect dialect, const std::string& default_schema) {
  return Reader(sql, dialect, default_schema).run();
}

}  // namespace wherry::stores::mysql
