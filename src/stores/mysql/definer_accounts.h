#pragma once
// Which accounts a target has, so that a definer without one is told before it is missed. A read of
// the server's account table; where the account may not see it, nothing is known.

#include <optional>
#include <set>
#include <string>

#include "model/finding.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/object_statement.h"

namespace wherry::stores::mysql {

class DefinerAccounts {
 public:
  explicit DefinerAccounts(Connection& target);

  // The finding about a definer that the target has no account for; nothing if it has one.
  // `subject` is what it defines, `definer` its account on the source.
  std::optional<model::Finding> missing(const std::string& subject, const std::string& definer,
                                        const DefinerMap& definers) const;

 private:
  bool known_ = false;
  std::set<std::string> accounts_;  // "user@host"; a role as "role" and as "role@"
};

}  // namespace wherry::stores::mysql
