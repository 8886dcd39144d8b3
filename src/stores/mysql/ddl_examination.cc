#include "stores/mysql/ddl_examination.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/server_support.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using model::CollectionName;
using model::Column;
using model::ColumnType;
using model::TableSchema;

const Column* column_named(const TableSchema& table, const std::string& name) {
  const auto at = std::find_if(table.columns.begin(), table.columns.end(),
                               [&](const Column& c) { return c.name == name; });
  return at == table.columns.end() ? nullptr : &*at;
}

// From narrow to wide; nothing for other types.
std::optional<std::size_t> integer_width(ColumnType type) {
  constexpr std::array kinds{ColumnType::tinyint, ColumnType::smallint, ColumnType::mediumint,
                             ColumnType::integer, ColumnType::bigint};
  const auto* const at = std::find(kinds.begin(), kinds.end(), type);
  if (at == kinds.end()) return std::nullopt;
  return static_cast<std::size_t>(at - kinds.begin());
}

// Every value stays what it is, and so does the order among them.
bool keeps_order(const Column& before, const Column& after) {
  if (before.name != after.name || before.is_unsigned != after.is_unsigned) return false;
  if (const auto width = integer_width(before.type)) {
    const auto now = integer_width(after.type);
    return now && *now >= *width;
  }
  if (before.type == ColumnType::enum_ || before.type == ColumnType::set) {
    return before.declared == after.declared && before.collation == after.collation;
  }
  return before.type == after.type && before.collation == after.collation &&
         before.length <= after.length && before.precision <= after.precision &&
         before.scale == after.scale && before.fraction <= after.fraction;
}

// Members keep their numbers and texts; others may follow.
bool keeps_members(const Column& before, const Column& after) {
  const std::string_view first(before.declared.data(), before.declared.size() - 1);  // without ')'
  return after.declared.starts_with(first) &&
         (after.declared[first.size()] == ')' || after.declared[first.size()] == ',');
}

bool is_text(ColumnType type) {
  return type == ColumnType::char_ || type == ColumnType::varchar || type == ColumnType::text;
}

bool is_current_time(std::string value) {
  std::transform(value.begin(), value.end(), value.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::string_view word = "current_timestamp";
  if (!value.starts_with(word)) return false;
  return value.find_first_not_of("()0123456789", word.size()) == std::string::npos;
}

class Examination {
 public:
  Examination(Connection& connection, const ChangeToExamine& change)
      : connection_(connection),
        change_(change),
        zone_known_(knows_time_zone(connection, change.event)) {}

  std::optional<std::string> run() {
    auto found = read_table(connection_, change_.after);
    if (!found) refuse("ddl.no_effect", "the statement leaves no table behind");
    now_ = std::move(*found);
    if (now_.engine != "InnoDB") refuse("ddl.engine", "the table would not be kept by InnoDB");
    for (const Column& column : now_.columns) {
      check_carried(column);
      check_constant_time(column);
      if (change_.before) look_at_rows(column);
    }
    if (change_.before && !change_.before->key.empty() && !keeps_key_order(*change_.before, now_)) {
      copy_again("its rows are known by another key");
    }
    return because_;
  }

 private:
  [[noreturn]] void refuse(std::string code, std::string why) const {
    throw Error(ErrorKind::not_supported, std::move(code), std::move(why),
                base::printable(change_.statement.substr(0, 500)));
  }
  void copy_again(std::string why) {
    if (!because_) because_ = std::move(why);
  }
  static std::string called(const Column& column) {
    return "column " + base::printable(column.name);
  }

  void check_carried(const Column& column) const {
    if (column.type == ColumnType::unsupported) {
      refuse("ddl.unsupported_column", called(column) + " is of the type " + column.declared);
    }
    if (const std::string why = why_not_held(connection_.server(), column); !why.empty()) {
      refuse("ddl.unsupported_column",
             called(column) + " is of the type " + column.declared + ", and the target " + why);
    }
  }

  // A TIMESTAMP's default is kept in UTC: which time '2001-02-03 04:05:06' is, the session's zone
  // says. CREATE TABLE … LIKE takes it over as it is.
  void check_constant_time(const Column& column) {
    if (column.type != ColumnType::timestamp || zone_known_) return;
    const std::string now = default_of(change_.after, column.name).value;
    const bool constant =
        now.find('-') != std::string::npos && now.find("0000-00-00 00:00:00") == std::string::npos;
    if (!constant || change_.takes_over_defaults) return;
    if (change_.before && default_of(change_.before->name, column.name).value == now) return;
    refuse("ddl.time_zone",
           "the default of " + called(column) +
               " is a time in the zone of the source's session, which is not known here: run such "
               "statements with SET time_zone to an offset such as '+00:00'");
  }

  void look_at_rows(const Column& column) {
    const Column* const old = column_named(*change_.before, column.name);
    if (column.auto_increment && (old == nullptr || !old->auto_increment)) {
      copy_again("the source gave its rows numbers of its own in " + called(column));
    } else if (old == nullptr && !column.generated && default_is_its_own(column)) {
      copy_again("the source gave its rows values of its own in " + called(column));
    } else if (old != nullptr && !zone_known_ &&
               (old->type == ColumnType::timestamp) != (column.type == ColumnType::timestamp)) {
      copy_again("the source converted times in " + called(column) +
                 " by a time zone that is not known here");
    } else if (converts(old, column)) {
      copy_again("values of " + called(column) +
                 " are converted, which not all servers do in the same way");
    }
  }

  bool converts(const Column* old, const Column& column) const {
    const ServerVersion& here = connection_.server();
    if (column.generated || change_.event.server == series_of(here.is_mariadb(), here.text)) {
      return false;
    }
    const bool strict = change_.event.sql_mode.find("STRICT_") != std::string::npos;
    if (old != nullptr) return !keeps_values(*old, column, strict);
    // Perhaps it is one of those that are gone, under a new name.
    const auto& columns = change_.before->columns;
    return std::any_of(columns.begin(), columns.end(), [&](const Column& gone) {
      return column_named(now_, gone.name) == nullptr && !keeps_values(gone, column, strict);
    });
  }

  struct Default {
    std::string value;
    std::string extra;
  };
  Default default_of(const CollectionName& table, const std::string& column) {
    const Result r = connection_.query(fmt::format(
        "SELECT COLUMN_DEFAULT, EXTRA FROM information_schema.COLUMNS WHERE TABLE_SCHEMA={} AND "
        "TABLE_NAME={} AND COLUMN_NAME={}",
        text_literal(table.schema), text_literal(table.name), text_literal(column)));
    return r.empty() ? Default{} : Default{r.text(0, std::size_t{0}), r.text(0, std::size_t{1})};
  }

  // Whether rows that are there got a value on the source that the statement does not tell here.
  bool default_is_its_own(const Column& column) {
    const auto [value, extra] = default_of(change_.after, column.name);
    if (value.empty() || value == "NULL") return false;
    const bool mariadb = connection_.server().is_mariadb();
    const bool expression = extra.find("DEFAULT_GENERATED") != std::string::npos;
    if (is_current_time(value) && (mariadb || expression || is_time(column))) {
      const bool time_known = column.fraction == 0 || change_.event.microseconds;
      return !is_time(column) || !time_known ||
             (column.type != ColumnType::timestamp && !zone_known_);
    }
    if (!mariadb) return expression;
    // MariaDB prints the expression: literals are quoted or begin with a digit.
    return value[0] != '\'' && value[0] != '-' && value[0] != '.' && value[0] != '+' &&
           !(value[0] >= '0' && value[0] <= '9') && !value.starts_with("b'") &&
           !value.starts_with("x'") && !value.starts_with("X'");
  }
  static bool is_time(const Column& column) {
    return column.type == ColumnType::timestamp || column.type == ColumnType::datetime;
  }

  Connection& connection_;
  const ChangeToExamine& change_;
  bool zone_known_;
  TableSchema now_;
  std::optional<std::string> because_;
};

}  // namespace

bool knows_time_zone(Connection& connection, const model::DdlEvent& event) {
  if (event.time_zone.empty()) return false;
  return connection
             .scalar(fmt::format("SELECT CONVERT_TZ('2000-01-01 00:00:00',{},'+00:00') IS NOT NULL",
                                 text_literal(event.time_zone)))
             .value_or("0") == "1";
}

bool keeps_values(const Column& before, const Column& after, bool strict) {
  if (before.nullable && !after.nullable && !strict) return false;
  if (before.charset != after.charset) return false;
  if (const auto width = integer_width(before.type)) {
    const auto now = integer_width(after.type);
    return now && before.is_unsigned == after.is_unsigned && *now >= *width;
  }
  if (is_text(before.type) && before.type != after.type) {
    return is_text(after.type) && after.type != ColumnType::char_ && before.length <= after.length;
  }
  if (before.type == ColumnType::varbinary && after.type == ColumnType::blob) {
    return before.length <= after.length;
  }
  if (before.type != after.type) return false;
  switch (before.type) {
    case ColumnType::enum_:
    case ColumnType::set:
      return keeps_members(before, after);
    case ColumnType::char_:
    case ColumnType::varchar:
    case ColumnType::text:
    case ColumnType::varbinary:
    case ColumnType::blob:
    case ColumnType::bit:
      return before.length <= after.length;
    case ColumnType::decimal:
      return before.is_unsigned == after.is_unsigned && before.scale == after.scale &&
             before.precision <= after.precision;
    case ColumnType::time:
    case ColumnType::datetime:
    case ColumnType::timestamp:
      return before.fraction <= after.fraction;
    default:
      return before.declared == after.declared;
  }
}

bool keeps_key_order(const TableSchema& before, const TableSchema& after) {
  return std::equal(before.key.begin(), before.key.end(), after.key.begin(), after.key.end(),
                    [&](std::size_t a, std::size_t b) {
                      return keeps_order(before.columns.at(a), after.columns.at(b));
                    });
}

std::optional<std::string> examine_change(Connection& connection, const ChangeToExamine& change) {
  return Examination(connection, change).run();
}

}  // namespace wherry::stores::mysql
