#include "base/error.h"

#include <utility>

namespace wherry::base {

namespace {

std::string full_text(const std::string& code, const std::string& message,
                      const std::string& context) {
  std::string text = message;
  if (!context.empty()) text += " (" + context + ")";
  text += " [" + code + "]";
  return text;
}

}  // namespace

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::transient:
      return "transient";
    case ErrorKind::connection_lost:
      return "connection_lost";
    case ErrorKind::rejected:
      return "rejected";
    case ErrorKind::not_supported:
      return "not_supported";
    case ErrorKind::data_mismatch:
      return "data_mismatch";
    case ErrorKind::fenced:
      return "fenced";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::internal:
      return "internal";
  }
  return "unknown";
}

Error::Error(ErrorKind kind, std::string code, std::string message, std::string context)
    : std::runtime_error(full_text(code, message, context)),
      kind_(kind),
      code_(std::move(code)),
      message_(std::move(message)),
      context_(std::move(context)) {}

Error Error::within(std::string_view where) const {
  std::string context(where);
  if (!context_.empty()) context += ": " + context_;
  return Error(kind_, code_, message_, std::move(context));
}

void throw_cancelled() { throw Error(ErrorKind::cancelled, "stopped", "stopped on request"); }

}  // namespace wherry::base
