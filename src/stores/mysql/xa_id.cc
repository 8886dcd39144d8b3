#include "stores/mysql/xa_id.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace wherry::stores::mysql {

namespace {

bool take(std::string_view& text, std::string_view head) {
  if (!text.starts_with(head)) return false;
  text.remove_prefix(head.size());
  return true;
}

std::optional<XaStatement::Verb> take_verb(std::string_view& text) {
  if (!take(text, "XA ")) return std::nullopt;
  if (take(text, "START ")) return XaStatement::Verb::start;
  if (take(text, "END ")) return XaStatement::Verb::end;
  if (take(text, "COMMIT ")) return XaStatement::Verb::commit;
  if (take(text, "ROLLBACK ")) return XaStatement::Verb::rollback;
  return std::nullopt;
}

// X'61'
std::optional<std::string> take_bytes(std::string_view& text) {
  if (!take(text, "X'")) return std::nullopt;
  const std::size_t end = text.find('\'');
  if (end == std::string_view::npos) return std::nullopt;
  auto bytes = base::from_hex(text.substr(0, end));
  text.remove_prefix(end + 1);
  return bytes;
}

std::optional<XaStatement> read(std::string_view text) {
  const auto verb = take_verb(text);
  if (!verb) return std::nullopt;
  auto global_id = take_bytes(text);
  if (!global_id || !take(text, ",")) return std::nullopt;
  auto branch_id = take_bytes(text);
  if (!branch_id || !take(text, ",")) return std::nullopt;
  std::uint64_t format = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), format);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  // The log has four bytes for it elsewhere.
  return XaStatement{
      *verb, {static_cast<std::uint32_t>(format), *std::move(global_id), *std::move(branch_id)}};
}

}  // namespace

XaId XaId::of(const wire::mysql::XaPrepare& event) {
  return {event.format, std::string(event.global_id), std::string(event.branch_id)};
}

std::string XaId::text() const {
  return fmt::format("X'{}',X'{}',{}", base::to_hex(global_id), base::to_hex(branch_id), format);
}

XaStatement read_xa_statement(std::string_view statement) {
  if (auto known = read(statement)) return *std::move(known);
  throw base::Error(base::ErrorKind::not_supported, "source.xa_statement",
                    "the log has a statement about an XA transaction that is not understood",
                    base::printable(statement));
}

}  // namespace wherry::stores::mysql
