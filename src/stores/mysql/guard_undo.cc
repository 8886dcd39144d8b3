#include "stores/mysql/guard_undo.h"

namespace wherry::stores::mysql {

using base::Error;
using base::ErrorKind;

std::string run_undo(Connection& connection, const contract::GuardUndo& undo) {
  std::string refusal;
  for (const auto& statement : undo.statements) {
    try {
      connection.execute(statement);
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::rejected) throw;
      if (refusal.empty()) refusal = e.message();
    }
  }
  return refusal;
}

Error not_restored(std::string_view guard, const std::string& difference,
                   const std::string& refusal) {
  std::string message = "it is not as it was before: " + difference;
  if (!refusal.empty()) message += "; the server said: " + refusal;
  return {ErrorKind::rejected, "guard.not_restored",
          message + "; make it so by hand, then do this again", "guard " + std::string(guard)};
}

void throw_undo_damaged(std::string_view guard) {
  throw Error(ErrorKind::internal, "guard.undo_damaged", "what lowers the guard is not readable",
              "guard " + std::string(guard));
}

}  // namespace wherry::stores::mysql
