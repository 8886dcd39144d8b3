#include "stores/mysql/server_support.h"

#include <algorithm>
#include <array>

namespace wherry::stores::mysql {

// MariaDB tells the place of a snapshot in the log since 10.3 without a lock; MySQL has GTIDs and
// the formats of times that are read here since 5.6.
Support support_of(const ServerVersion& version) {
  const unsigned release = version.number / 100;
  if (version.is_mariadb()) {
    if (release < 1003) return Support::too_old;
    return release == 1011 ? Support::tested : Support::not_tested;
  }
  if (release < 506) return Support::too_old;
  if (release >= 800) return Support::by_documents;
  return Support::tested;
}

std::string series_of(bool mariadb, std::string_view version) {
  const auto series = version.substr(0, version.find('.', version.find('.') + 1));
  return std::string(mariadb ? "mariadb " : "mysql ").append(series);
}

std::string why_not_held(const ServerVersion& version, const model::Column& column) {
  using model::ColumnType;
  if (version.is_mariadb()) return {};
  if (column.generated && version.number < 50700) return "has no generated columns";
  switch (column.type) {
    case ColumnType::uuid:
    case ColumnType::inet4:
    case ColumnType::inet6:
      return "has no such type";
    case ColumnType::year:
      return column.length == 2 ? "has no years of two digits" : "";
    case ColumnType::json:
      return version.number < 50708 ? "has no such type" : "";
    default:
      return {};
  }
}

std::string_view show_replica(const ServerVersion& version) {
  if (version.is_mariadb()) return "SHOW ALL SLAVES STATUS";
  return version.number >= 80022 ? "SHOW REPLICA STATUS" : "SHOW SLAVE STATUS";
}

std::string known_modes(const ServerVersion& version, std::string_view sql_mode) {
  constexpr std::array<std::string_view, 4> taken_away{"NO_AUTO_CREATE_USER", "NO_FIELD_OPTIONS",
                                                       "NO_KEY_OPTIONS", "NO_TABLE_OPTIONS"};
  if (version.is_mariadb() || version.number < 80000) return std::string(sql_mode);
  return without_modes(sql_mode, taken_away);
}

std::string without_modes(std::string_view sql_mode, std::span<const std::string_view> unwanted) {
  std::string out;
  while (!sql_mode.empty()) {
    const std::size_t end = sql_mode.find(',');
    const std::string_view mode = sql_mode.substr(0, end);
    sql_mode.remove_prefix(end == std::string_view::npos ? sql_mode.size() : end + 1);
    if (std::find(unwanted.begin(), unwanted.end(), mode) != unwanted.end()) continue;
    if (!out.empty()) out += ',';
    out += mode;
  }
  return out;
}

std::string known_charset(const ServerVersion& version, const std::string& name) {
  const bool old_word = !version.is_mariadb() && version.number < 80000;
  return old_word && name.starts_with("utf8mb3") ? "utf8" + name.substr(7) : name;
}

bool has_tags(std::string_view gtid_set) {
  while (!gtid_set.empty()) {
    const std::size_t colon = gtid_set.find(':');
    gtid_set.remove_prefix(colon == std::string_view::npos ? gtid_set.size() : colon + 1);
    if (!gtid_set.empty() && (gtid_set[0] == '_' || (gtid_set[0] >= 'a' && gtid_set[0] <= 'z'))) {
      return true;
    }
  }
  return false;
}

bool is_deprecation(std::string_view warning_code) {
  constexpr std::array<std::string_view, 3> codes{"1287", "1681", "3719"};
  return std::find(codes.begin(), codes.end(), warning_code) != codes.end();
}

}  // namespace wherry::stores::mysql
