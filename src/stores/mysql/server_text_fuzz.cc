// Any text, taken for what a server says of itself: sets of GTIDs, grants. A set reads back to the
// same from its own text, and a grant can be read back.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "stores/mysql/account_grants.h"
#include "stores/mysql/grants.h"
#include "stores/mysql/gtid_history.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wherry::stores::mysql;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto history = GtidHistory::parse(text)) {
    const auto again = GtidHistory::parse(history->text());
    if (!again || again->text() != history->text()) std::abort();
    (void)history->encoded();
    (void)history->connect_state();
    if (!history->without(*history).empty() && history->text().find(':') != std::string::npos)
      std::abort();
  }
  Grants grants;
  try {
    grants.add(text);
  } catch (const wherry::base::Error&) {
    // quotes that do not end
  }
  const Account account{"app", "%"};
  try {
    for (const auto& grant : read_grant_line(text, account)) {
      (void)revoke_statement(grant, account);
      if (read_grant_line(grant_line(grant, account), account).empty()) std::abort();
    }
  } catch (const wherry::base::Error&) {
    // not understood
  }
  (void)grants.has_everywhere("SELECT");
  (void)grants.has_on("shop", "SELECT");
  return 0;
}
