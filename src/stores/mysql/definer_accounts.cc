#include "stores/mysql/definer_accounts.h"

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

DefinerAccounts::DefinerAccounts(Connection& target) {
  try {
    const Result r = target.query("SELECT User, Host FROM mysql.user");
    for (std::size_t row = 0; row < r.rows(); ++row) {
      const std::string user = r.text(row, std::size_t{0});
      const std::string host = r.text(row, std::size_t{1});
      accounts_.insert(user + "@" + host);
      if (host.empty()) accounts_.insert(user);
    }
    known_ = true;
  } catch (const base::Error& e) {
    if (e.may_retry() || e.kind() == base::ErrorKind::cancelled) throw;
  }
}

std::optional<model::Finding> DefinerAccounts::missing(const std::string& subject,
                                                       const std::string& definer,
                                                       const DefinerMap& definers) const {
  const auto mapped = definers.find(definer);
  const std::string account = mapped == definers.end() ? definer : mapped->second;
  if (account.empty() || (known_ && accounts_.contains(account))) return std::nullopt;
  if (!known_) {
    return model::Finding{
        model::Severity::note, "objects.definer_unknown", subject,
        "its definer is " + base::printable(account) +
            "; whether the target has that account cannot be seen",
        "GRANT SELECT ON `mysql`.* to the account on the target, or look there yourself"};
  }
  const std::size_t at = account.rfind('@');
  const std::string quoted = at == std::string::npos ? identifier(account)
                                                     : identifier(account.substr(0, at)) + "@" +
                                                           identifier(account.substr(at + 1));
  return model::Finding{
      model::Severity::warning, "objects.definer_missing", subject,
      "its definer " + base::printable(account) +
          " has no account on the target: whoever uses it there gets an error",
      "CREATE USER " + base::printable(quoted) +
          " … on the target with the source's grants, or name another account in `definers: map`"};
}

}  // namespace wherry::stores::mysql
