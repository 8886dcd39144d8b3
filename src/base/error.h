#pragma once
// The one exception type. A kind names the caller's next move; a code is stable and may be matched
// by users' scripts; the context says where (a table, a file, a host) and what to do.
// Thread-safety: values.

#include <stdexcept>
#include <string>
#include <string_view>

namespace wherry::base {

enum class ErrorKind {
  transient,  // the same call may succeed if made again (deadlock, lock wait, too many connections)
  connection_lost,  // open a new connection, then decide from durable state what was done
  rejected,         // the other side, or the user's input, will not do: tell the user
  not_supported,    // something Wherry does not carry: a finding, never skipped
  data_mismatch,    // what was read is not what must be there: stop and tell
  fenced,           // another writer took over: stop at once, write nothing more
  cancelled,        // a stop was asked for
  internal,         // should not happen; a bug or a broken journal
};

std::string_view to_string(ErrorKind kind);

class Error : public std::runtime_error {
 public:
  // `code` is a stable identifier such as "mysql.auth" or "config.unknown_key".
  Error(ErrorKind kind, std::string code, std::string message, std::string context = {});

  ErrorKind kind() const noexcept { return kind_; }
  const std::string& code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& context() const noexcept { return context_; }
  bool may_retry() const noexcept {
    return kind_ == ErrorKind::transient || kind_ == ErrorKind::connection_lost;
  }
  // The same error, told with where it happened in front of its context.
  Error within(std::string_view where) const;

 private:
  ErrorKind kind_;
  std::string code_;
  std::string message_;
  std::string context_;
};

[[noreturn]] void throw_cancelled();

}  // namespace wherry::base
