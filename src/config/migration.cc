#include "config/migration.h"

#include <fmt/format.h>

#include "base/text.h"

namespace wherry::config {

std::string_view kind_name(const Store& store) {
  return std::holds_alternative<MysqlStore>(store) ? "mysql" : "file";
}

std::string address(const Store& store) {
  if (const auto* file = std::get_if<FileStore>(&store)) {
    return base::printable(file->path.string());
  }
  const auto& mysql = std::get<MysqlStore>(store);
  const std::string user = base::printable(mysql.user);
  if (!mysql.socket.empty()) {
    return fmt::format("{}@{}", user, base::printable(mysql.socket.string()));
  }
  const bool v6 = mysql.host.find(':') != std::string::npos;
  return fmt::format("{}@{}{}{}:{}", user, v6 ? "[" : "", base::printable(mysql.host),
                     v6 ? "]" : "", mysql.port);
}

std::string_view to_string(DdlAction action) {
  switch (action) {
    case DdlAction::apply:
      return "apply";
    case DdlAction::stop:
      return "stop";
    case DdlAction::ignore:
      return "ignore";
  }
  return "unknown";
}

std::string_view to_string(DdlKind kind) {
  switch (kind) {
    case DdlKind::create_table:
      return "create_table";
    case DdlKind::alter_table:
      return "alter_table";
    case DdlKind::drop_table:
      return "drop_table";
    case DdlKind::rename_table:
      return "rename_table";
    case DdlKind::truncate_table:
      return "truncate_table";
    case DdlKind::create_database:
      return "create_database";
    case DdlKind::alter_database:
      return "alter_database";
    case DdlKind::drop_database:
      return "drop_database";
    case DdlKind::view:
      return "view";
    case DdlKind::routine:
      return "routine";
    case DdlKind::sequence:
      return "sequence";
  }
  return "unknown";
}

DdlPolicy::DdlPolicy() {
  set_all(DdlAction::apply);
  for (const DdlKind kind :
       {DdlKind::create_database, DdlKind::alter_database, DdlKind::drop_database}) {
    set(kind, DdlAction::stop);
  }
}

}  // namespace wherry::config
