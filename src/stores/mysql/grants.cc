#include "stores/mysql/grants.h"

#include <algorithm>
#include <cctype>

#include <fmt/ranges.h>

#include "stores/mysql/sql.h"
#include "stores/mysql/sql_tokens.h"

namespace wherry::stores::mysql {

namespace {

bool gives(const std::set<std::string, std::less<>>& privileges, std::string_view privilege) {
  return privileges.contains("ALL PRIVILEGES") || privileges.contains(privilege);
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

}  // namespace

void Grants::add(std::string_view line) {
  const std::vector<Token> tokens = tokenize(line, {});
  if (tokens.empty() || !tokens[0].is("GRANT")) return;
  Grant grant;
  std::string privilege;
  std::size_t i = 1;
  for (; i < tokens.size() && !tokens[i].is("ON"); ++i) {
    if (tokens[i].is(',')) {
      grant.privileges.insert(std::move(privilege));
      privilege.clear();
    } else if (tokens[i].is('(')) {
      return;  // of columns
    } else {
      if (!privilege.empty()) privilege += ' ';
      privilege += upper(tokens[i].value);
    }
  }
  grant.privileges.insert(std::move(privilege));
  if (i + 3 >= tokens.size() || !tokens[i + 2].is('.') || !tokens[i + 3].is('*')) return;
  grant.global = tokens[i + 1].is('*');
  grant.schema_pattern = grant.global ? "%" : tokens[i + 1].value;
  grants_.push_back(std::move(grant));
}

bool Grants::has_everywhere(std::string_view privilege) const {
  return std::any_of(grants_.begin(), grants_.end(),
                     [&](const Grant& g) { return g.global && gives(g.privileges, privilege); });
}

bool Grants::has_on(std::string_view schema, std::string_view privilege) const {
  return std::any_of(grants_.begin(), grants_.end(), [&](const Grant& g) {
    return gives(g.privileges, privilege) && like(schema, g.schema_pattern);
  });
}

Grants read_grants(Connection& connection) {
  Grants grants;
  const Result r = connection.query("SHOW GRANTS");
  for (std::size_t row = 0; row < r.rows(); ++row) grants.add(r.text(row, std::size_t{0}));
  return grants;
}

std::string account_of(Connection& connection) {
  const std::string user = connection.scalar("SELECT CURRENT_USER()").value_or("");
  const std::size_t at = user.rfind('@');
  if (at == std::string::npos) return identifier(user);
  return identifier(user.substr(0, at)) + "@" + identifier(user.substr(at + 1));
}

std::string grant_to_write(Connection& connection, std::string_view schema) {
  return fmt::format("GRANT {} ON {}.* TO {};", fmt::join(writer_privileges, ", "),
                     identifier(schema), account_of(connection));
}

bool like(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    for (std::size_t skip = 0; skip <= text.size(); ++skip) {
      if (like(text.substr(skip), pattern.substr(1))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  if (pattern[0] == '\\' && pattern.size() > 1) {
    pattern.remove_prefix(1);
  } else if (pattern[0] == '_') {
    return like(text.substr(1), pattern.substr(1));
  }
  return text[0] == pattern[0] && like(text.substr(1), pattern.substr(1));
}

}  // namespace wherry::stores::mysql
