#pragma once
// Which servers Wherry moves from and to, which of them it is tested with, and what they can hold.
// Pure; thread-safe.

#include <span>
#include <string>
#include <string_view>

#include "model/schema.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

enum class Support {
  too_old,
  by_documents,  // MySQL 8 and newer: written by its documents, and no such server was tried
  not_tested,    // between or beside those that are
  tested,        // MariaDB 10.11, MySQL 5.6 and 5.7
};
Support support_of(const ServerVersion& version);

// "mariadb 10.11", "mysql 5.7": servers of one series convert values alike. `version` is the
// server's own text, "5.7.29-log".
std::string series_of(bool mariadb, std::string_view version);

// Why a server cannot hold this column of a source as it is there; "" if it can. What it has no
// word for, but another that means the same, it can.
std::string why_not_held(const ServerVersion& version, const model::Column& column);

// Asks a server whether it replicates from another, in words that were exchanged between versions.
std::string_view show_replica(const ServerVersion& version);

// The modes of sql_mode that the server knows, where those it does not know have no meaning for
// definitions: MySQL 8.0 took away the ones about GRANT and about how SHOW CREATE TABLE writes.
std::string known_modes(const ServerVersion& version, std::string_view sql_mode);
std::string without_modes(std::string_view sql_mode, std::span<const std::string_view> unwanted);

// A character set or collation in the server's words: MySQL before 8.0 has "utf8" alone for
// utf8mb3.
std::string known_charset(const ServerVersion& version, const std::string& name);

// Whether a set of MySQL's GTIDs holds tagged ones: "uuid:1-5:tag:1-3". Only a tag begins with a
// letter or a _.
bool has_tags(std::string_view gtid_set);

// Whether a warning only says that a word is out of fashion, and nothing about a value.
bool is_deprecation(std::string_view warning_code);

}  // namespace wherry::stores::mysql
