#include "stores/mysql/account_grants.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/sql.h"
#include "stores/mysql/sql_tokens.h"

namespace wherry::stores::mysql {

namespace {

using Kind = AccountGrant::Kind;
using Tokens = std::vector<Token>;

constexpr std::string_view all_privileges = "ALL PRIVILEGES";

constexpr std::array<std::string_view, 12> of_readers{
    "USAGE",         "SELECT",          "SHOW VIEW",         "SHOW DATABASES",
    "PROCESS",       "SHOW_ROUTINE",    "BINLOG MONITOR",    "REPLICATION CLIENT",
    "SLAVE MONITOR", "REPLICA MONITOR", "REPLICATION SLAVE", "SHOW CREATE ROUTINE"};
constexpr std::array<std::string_view, 15> of_writers{
    all_privileges,   "INSERT",        "UPDATE",      "DELETE", "CREATE",
    "DROP",           "ALTER",         "TRIGGER",     "EVENT",  "EXECUTE",
    "CREATE ROUTINE", "ALTER ROUTINE", "CREATE VIEW", "SUPER",  "CREATE USER"};

template <std::size_t n>
bool is_one_of(std::string_view name, const std::array<std::string_view, n>& all) {
  return std::find(all.begin(), all.end(), name) != all.end();
}

[[noreturn]] void throw_unreadable(const Account& of) {
  throw base::Error(base::ErrorKind::not_supported, "guard.grant_unreadable",
                    "what SHOW GRANTS says of it is not understood, so it could not be given back",
                    "account " + base::printable(of.text()));
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// Of a column, which MySQL 5.x writes without quotes whatever its name is.
std::string column_name(std::string_view text, const Account& of) {
  const Tokens tokens = tokenize(text, {});
  const bool one = tokens.size() == 1 && tokens[0].begin == 0 && tokens[0].end == text.size();
  if (!one || (tokens[0].kind != TokenKind::word && tokens[0].kind != TokenKind::name)) {
    throw_unreadable(of);
  }
  return tokens[0].value;
}

std::vector<std::string> ways_to_write(const Account& a) {
  if (a.host.empty()) return {identifier(a.user), a.user};
  return {identifier(a.user) + "@" + identifier(a.host), "'" + a.user + "'@'" + a.host + "'"};
}

// What stands before and behind the account that it is of, which may be written without escapes,
// but is known. Nothing: it is of another.
std::optional<std::pair<std::string_view, std::string_view>> parts_around(std::string_view line,
                                                                          const Account& of) {
  for (const std::string_view word : {" TO ", " FROM ", " FOR "}) {
    for (const std::string& account : ways_to_write(of)) {
      const std::string mark = std::string(word) + account;
      const std::size_t at = line.find(mark);
      if (at == std::string_view::npos) continue;
      return std::pair(line.substr(0, at), line.substr(at + mark.size()));
    }
  }
  return std::nullopt;
}

class LineReader {
 public:
  LineReader(std::string_view line, const Account& of) : of_(of) {
    if (!line.starts_with("GRANT ") && !line.starts_with("REVOKE ") && !line.starts_with("SET ")) {
      throw_unreadable(of);
    }
    const auto parts = parts_around(line, of);
    if (!parts) throw_unreadable(of);
    std::tie(head_, tail_) = *parts;
  }

  std::vector<AccountGrant> read() {
    read_tail();
    const Tokens tokens = tokenize(head_, {});
    constexpr std::string_view default_role = "SET DEFAULT ROLE ";
    if (head_.starts_with(default_role)) {
      grant_.kind = Kind::default_role;
      grant_.on = head_.substr(default_role.size());
      return {grant_};
    }
    if (tokens.size() < 2) throw_unreadable(of_);
    const auto on = word_on(tokens);
    if (on == tokens.end()) return roles({tokens.begin() + 1, tokens.end()});
    grant_.on = head_.substr(std::min(on->end + 1, head_.size()));
    if (grant_.on.empty()) throw_unreadable(of_);
    if (tokens[1].is("PROXY")) {
      grant_.kind = Kind::proxy;
      // MariaDB writes an empty name in a way that no server reads.
      if (grant_.on.starts_with("``")) grant_.on.replace(0, 2, "''");
      return {grant_};
    }
    if (tokens[0].is("REVOKE")) grant_.kind = Kind::restriction;
    read_privileges({tokens.begin() + 1, on});
    return {grant_};
  }

 private:
  static Tokens::const_iterator word_on(const Tokens& tokens) {
    int depth = 0;
    return std::find_if(tokens.begin(), tokens.end(), [&](const Token& t) {
      if (t.is('(')) ++depth;
      if (t.is(')')) --depth;
      return depth == 0 && t.is("ON");
    });
  }

  void read_tail() {
    const Tokens tokens = tokenize(tail_, {});
    enum class Part { none, password, require, with } part = Part::none;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const Token& t = tokens[i];
      if (t.is("IDENTIFIED")) part = Part::password;
      if (t.is("REQUIRE") || t.is("WITH")) {
        part = t.is("WITH") ? Part::with : Part::require;
        continue;
      }
      if (part == Part::password) continue;
      const bool option = i + 1 < tokens.size() && tokens[i + 1].is("OPTION");
      if (part == Part::with && option && (t.is("GRANT") || t.is("ADMIN"))) {
        grant_.passes_on = true;
        ++i;
        continue;
      }
      if (part == Part::none) throw_unreadable(of_);
      std::string& out = part == Part::require ? grant_.require : grant_.limits;
      if (!out.empty()) out += ' ';
      out += tail_.substr(t.begin, t.end - t.begin);
    }
  }

  std::vector<AccountGrant> roles(const Tokens& tokens) {
    std::vector<AccountGrant> out;
    grant_.kind = Kind::role;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i].is(',')) continue;
      Account role{tokens[i].value, {}};
      if (i + 2 < tokens.size() && tokens[i + 1].is('@')) {
        role.host = tokens[i + 2].value;
        i += 2;
      }
      grant_.on = role.sql();
      out.push_back(grant_);
    }
    return out;
  }

  void read_privileges(const Tokens& tokens) {
    Privilege privilege;
    const auto finish = [&] {
      if (privilege.name.empty()) throw_unreadable(of_);
      std::sort(privilege.columns.begin(), privilege.columns.end());
      grant_.privileges.push_back(std::exchange(privilege, {}));
    };
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i].is(',')) {
        finish();
      } else if (tokens[i].is('(')) {
        const std::size_t from = tokens[i].end;
        while (i < tokens.size() && !tokens[i].is(')')) ++i;
        if (i == tokens.size()) throw_unreadable(of_);
        read_columns(head_.substr(from, tokens[i].begin - from), privilege);
      } else {
        if (!privilege.name.empty()) privilege.name += ' ';
        privilege.name += upper(tokens[i].value);
      }
    }
    finish();
  }

  void read_columns(std::string_view list, Privilege& privilege) const {
    while (!list.empty()) {
      const std::size_t end = list.find(", ");
      privilege.columns.push_back(column_name(list.substr(0, end), of_));
      list.remove_prefix(end == std::string_view::npos ? list.size() : end + 2);
    }
  }

  const Account& of_;
  std::string_view head_;
  std::string_view tail_;
  AccountGrant grant_;
};

std::string list_of(const std::vector<Privilege>& privileges) {
  std::vector<std::string> out;
  for (const auto& p : privileges) out.push_back(p.sql());
  return fmt::format("{}", fmt::join(out, ", "));
}

std::string head_of(const AccountGrant& grant, const Account& of) {
  switch (grant.kind) {
    case Kind::privileges:
      return fmt::format("GRANT {} ON {} TO {}", list_of(grant.privileges), grant.on, of.sql());
    case Kind::proxy:
      return fmt::format("GRANT PROXY ON {} TO {}", grant.on, of.sql());
    case Kind::role:
      return fmt::format("GRANT {} TO {}", grant.on, of.sql());
    case Kind::default_role:
      // MySQL's roles have hosts, and another word.
      return fmt::format("SET DEFAULT ROLE {} {} {}", grant.on,
                         grant.on.find("`@`") == std::string::npos ? "FOR" : "TO", of.sql());
    case Kind::restriction:
      return fmt::format("REVOKE {} ON {} FROM {}", list_of(grant.privileges), grant.on, of.sql());
  }
  return {};
}

std::string_view option_of(const AccountGrant& grant) {
  return grant.kind == Kind::role ? "ADMIN OPTION" : "GRANT OPTION";
}

bool gives(const AccountGrant& grant, const Privilege& wanted) {
  return std::any_of(grant.privileges.begin(), grant.privileges.end(), [&](const Privilege& p) {
    if (p.name == all_privileges) return true;
    if (p.name != wanted.name) return false;
    if (p.columns.empty()) return true;
    return !wanted.columns.empty() && std::includes(p.columns.begin(), p.columns.end(),
                                                    wanted.columns.begin(), wanted.columns.end());
  });
}

std::vector<Privilege> more_than_reading(const AccountGrant& grant) {
  std::vector<Privilege> out;
  for (const auto& p : grant.privileges) {
    if (!is_one_of(p.name, of_readers)) out.push_back(p);
  }
  return out;
}

}  // namespace

std::string Account::text() const { return host.empty() ? user : user + "@" + host; }

std::string Account::sql() const {
  // No identifier is empty.
  const std::string name = user.empty() ? "''" : identifier(user);
  return host.empty() ? name : name + "@" + identifier(host);
}

Account account_named(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return {std::string(text), {}};
  return {std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

std::string Privilege::sql() const {
  if (columns.empty()) return name;
  std::vector<std::string> quoted;
  for (const auto& column : columns) quoted.push_back(identifier(column));
  return fmt::format("{} ({})", name, fmt::join(quoted, ", "));
}

bool is_grant_of(std::string_view line, const Account& account) {
  return parts_around(line, account).has_value();
}

std::vector<AccountGrant> read_grant_line(std::string_view line, const Account& of) {
  try {
    return LineReader(line, of).read();
  } catch (const base::Error& e) {
    if (e.code() == "ddl.unreadable") throw_unreadable(of);
    throw;
  }
}

std::string grant_line(const AccountGrant& grant, const Account& of) {
  std::string out = head_of(grant, of);
  if (!grant.require.empty()) out += " REQUIRE " + grant.require;
  if (grant.passes_on || !grant.limits.empty()) out += " WITH";
  if (grant.passes_on) out += fmt::format(" {}", option_of(grant));
  if (!grant.limits.empty()) out += " " + grant.limits;
  return out;
}

bool is_more_than_reading(const AccountGrant& grant) {
  switch (grant.kind) {
    case Kind::privileges:
      return grant.passes_on || !more_than_reading(grant).empty();
    case Kind::proxy:
      return true;
    case Kind::role:
    case Kind::default_role:
    case Kind::restriction:
      return false;
  }
  return false;
}

bool is_writing(const AccountGrant& grant) {
  return grant.kind == Kind::privileges &&
         std::any_of(grant.privileges.begin(), grant.privileges.end(),
                     [](const Privilege& p) { return is_one_of(p.name, of_writers); });
}

std::string revoke_statement(const AccountGrant& grant, const Account& from) {
  if (grant.kind == Kind::proxy) {
    return fmt::format("REVOKE PROXY ON {} FROM {}", grant.on, from.sql());
  }
  if (grant.kind == Kind::role) return fmt::format("REVOKE {} FROM {}", grant.on, from.sql());
  std::vector<Privilege> gone = more_than_reading(grant);
  for (auto& p : gone) {
    if (p.name == all_privileges) p.name = "INSERT";
  }
  if (grant.passes_on) gone.push_back({"GRANT OPTION", {}});
  return fmt::format("REVOKE {} ON {} FROM {}", list_of(gone), grant.on, from.sql());
}

std::string grant_statement(const AccountGrant& grant, const Account& to) {
  std::string out = head_of(grant, to);
  if (grant.passes_on) out += fmt::format(" WITH {}", option_of(grant));
  return out;
}

bool is_covered(const AccountGrant& grant, const std::vector<AccountGrant>& by) {
  if (grant.kind == Kind::restriction) return true;
  return std::any_of(by.begin(), by.end(), [&](const AccountGrant& other) {
    if (other.kind != grant.kind || other.on != grant.on) return false;
    if (grant.passes_on && !other.passes_on) return false;
    return std::all_of(grant.privileges.begin(), grant.privileges.end(),
                       [&](const Privilege& p) { return p.name == "USAGE" || gives(other, p); });
  });
}

std::optional<std::string> missing_to_pass_on(const AccountGrant& grant,
                                              const std::vector<AccountGrant>& own,
                                              const Account& account) {
  AccountGrant wanted = grant;
  wanted.passes_on = true;
  wanted.require.clear();
  wanted.limits.clear();
  if (is_covered(wanted, own)) return std::nullopt;
  const auto is_over = [&](const AccountGrant& mine) {
    if (!mine.passes_on || mine.kind != grant.kind) return false;
    if (grant.kind == Kind::proxy) return mine.on.starts_with("''@");  // of everybody
    if (grant.kind != Kind::privileges || mine.on != "*.*") return false;
    return std::all_of(grant.privileges.begin(), grant.privileges.end(), [&](const Privilege& p) {
      return is_one_of(p.name, of_readers) || gives(mine, p);
    });
  };
  if (std::any_of(own.begin(), own.end(), is_over)) return std::nullopt;
  return grant_statement(wanted, account) + ";";
}

}  // namespace wherry::stores::mysql
