#pragma once
// What a table looks like, as far as moving its rows needs to know. Values; JSON form for journals
// and people.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace wherry::model {

// A table, bucket or tree: schema and name for tables; name alone for others.
struct CollectionName {
  std::string schema;
  std::string name;
  std::string text() const;  // printable, "shop.orders"
  friend auto operator<=>(const CollectionName&, const CollectionName&) = default;
};

enum class ColumnType {
  tinyint,
  smallint,
  mediumint,
  integer,
  bigint,
  decimal,
  float_,
  double_,
  bit,
  year,
  date,
  time,
  datetime,
  timestamp,
  char_,
  varchar,
  text,  // tinytext … longtext
  binary,
  varbinary,
  blob,  // tinyblob … longblob
  enum_,
  set,
  json,      // of MySQL; MariaDB's is text
  geometry,  // and all that are more special: point, polygon …
  uuid,      // these three of MariaDB
  inet4,
  inet6,
  unsupported,  // vector, bytes of a newer server …: refused by name
};
std::string_view to_string(ColumnType type);

struct Column {
  std::string name;
  ColumnType type = ColumnType::unsupported;
  std::string declared;  // the server's own words: "int(10) unsigned", "enum('a','b')"
  bool is_unsigned = false;
  bool nullable = false;
  bool generated = false;  // computed by the server: read for proofs, never written
  bool auto_increment = false;
  // char/binary kinds, uuid, inet: bytes; bit: bits; blob/text/json/geometry: greatest length in
  // bytes; year: digits that are shown, 4 or 2
  std::uint64_t length = 0;
  std::uint32_t precision = 0;  // decimal
  std::uint32_t scale = 0;      // decimal
  std::uint32_t fraction = 0;   // digits of time kinds
  std::string charset;          // character kinds, enum, set
  std::string collation;
  std::uint32_t member_count = 0;  // enum, set

  friend bool operator==(const Column&, const Column&) = default;
};

// A unique key usable or not as identity.
struct UniqueKey {
  std::string name;
  std::vector<std::size_t> columns;
  bool whole = true;  // false if a part is a prefix, an expression or a nullable column
  friend bool operator==(const UniqueKey&, const UniqueKey&) = default;
};

struct TableSchema {
  CollectionName name;          // on the side it was read from
  std::vector<Column> columns;  // in table order, generated ones included
  std::vector<std::size_t>
      key;  // primary key, else the shortest unique key of NOT NULL whole columns; empty if none
  std::string key_index;               // its name, "PRIMARY"
  std::vector<UniqueKey> unique_keys;  // all, the key included
  std::string engine;
  std::uint64_t row_estimate = 0;
  std::uint64_t byte_estimate = 0;

  // The same rows can be carried between the two: columns and key are equal; names, engines,
  // estimates may differ. MySQL's JSON is carried like the text that MariaDB makes of that type.
  bool carries_like(const TableSchema& other) const;
  // Rows as `other` has them are rows of this. As carries_like(); a document of MySQL's JSON can
  // become a text, but a text is no document.
  bool takes_rows_of(const TableSchema& other) const;
};

void to_json(nlohmann::json& j, const CollectionName& n);
void from_json(const nlohmann::json& j, CollectionName& n);
void to_json(nlohmann::json& j, const TableSchema& s);
void from_json(const nlohmann::json& j, TableSchema& s);

}  // namespace wherry::model
