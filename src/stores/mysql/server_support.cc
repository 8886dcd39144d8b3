#include "stores/mysql/server_support.h"

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
      if (version.number < 50708) return "has no such type";
      return "would make the documents anew from their text, in which decimals, times and bytes "
             "inside them are told from numbers and strings no more";
    default:
      return {};
  }
}

}  // namespace wherry::stores::mysql
