#include "stores/mysql/sql_tokens.h"

#include <algorithm>
#include <cassert>
#include <cctype>

#include "base/error.h"

namespace wherry::stores::mysql {

namespace {

[[noreturn]] void throw_unreadable(std::string_view what) {
  throw base::Error(base::ErrorKind::not_supported, "ddl.unreadable",
                    "a statement ends within " + std::string(what));
}

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

class Scanner {
 public:
  Scanner(std::string_view sql, SqlDialect dialect) : sql_(sql), dialect_(dialect) {}

  std::vector<Token> all() {
    while (at_ < sql_.size()) step();
    if (in_mark_) throw_unreadable("a comment");
    return std::move(tokens_);
  }

 private:
  bool here(std::string_view text) const { return sql_.substr(at_).starts_with(text); }

  void step() {
    const char c = sql_[at_];
    if (is_space(c) || c == '\0') {
      ++at_;
    } else if (in_mark_ && here("*/")) {
      in_mark_ = false;
      add(TokenKind::mark, 2);
    } else if (here("/*")) {
      comment();
    } else if (c == '#' || (here("--") && (at_ + 2 == sql_.size() || is_space(sql_[at_ + 2])))) {
      const std::size_t end = sql_.find('\n', at_);
      at_ = end == std::string_view::npos ? sql_.size() : end + 1;
    } else if (c == '`' || (c == '"' && dialect_.ansi_quotes)) {
      quoted(TokenKind::name, false);
    } else if (c == '\'' || c == '"') {
      quoted(TokenKind::text, dialect_.backslash_escapes);
    } else if (is_word(c)) {
      std::size_t n = 1;
      while (at_ + n < sql_.size() && is_word(sql_[at_ + n])) ++n;
      add(TokenKind::word, n);
    } else {
      add(TokenKind::symbol, 1);
    }
  }

  void add(TokenKind kind, std::size_t length) {
    tokens_.push_back({kind, at_, at_ + length, std::string(sql_.substr(at_, length))});
    at_ += length;
  }

  void comment() {
    const std::size_t head = here("/*!") ? 3 : here("/*M!") ? 4 : 0;
    if (head == 0) {
      const std::size_t end = sql_.find("*/", at_ + 2);
      if (end == std::string_view::npos) throw_unreadable("a comment");
      at_ = end + 2;
      return;
    }
    if (in_mark_) throw_unreadable("nested comments");
    std::size_t length = head;
    while (at_ + length < sql_.size() && is_digit(sql_[at_ + length])) ++length;
    in_mark_ = true;
    add(TokenKind::mark, length);
  }

  void quoted(TokenKind kind, bool escapes) {
    const std::size_t begin = at_;
    const char quote = sql_[at_];
    std::string value;
    for (++at_; at_ < sql_.size(); ++at_) {
      if (escapes && sql_[at_] == '\\' && at_ + 1 < sql_.size()) {
        value += sql_[++at_];
        continue;
      }
      if (sql_[at_] == quote) {
        const bool doubled = at_ + 1 < sql_.size() && sql_[at_ + 1] == quote;
        if (!doubled) {
          ++at_;
          tokens_.push_back({kind, begin, at_, std::move(value)});
          return;
        }
        ++at_;
      }
      value += sql_[at_];
    }
    throw_unreadable("quotes");
  }

  std::string_view sql_;
  SqlDialect dialect_;
  std::size_t at_ = 0;
  bool in_mark_ = false;
  std::vector<Token> tokens_;
};

bool holds_mode(std::string_view sql_mode, std::string_view mode) {
  std::size_t at = 0;
  while (at <= sql_mode.size()) {
    const std::size_t end = std::min(sql_mode.find(',', at), sql_mode.size());
    if (sql_mode.substr(at, end - at) == mode) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

SqlDialect dialect_of(std::string_view sql_mode) {
  return {.ansi_quotes = holds_mode(sql_mode, "ANSI_QUOTES") || holds_mode(sql_mode, "ANSI"),
          .backslash_escapes = !holds_mode(sql_mode, "NO_BACKSLASH_ESCAPES")};
}

bool Token::is(std::string_view upper_case_word) const {
  return kind == TokenKind::word &&
         std::equal(value.begin(), value.end(), upper_case_word.begin(), upper_case_word.end(),
                    [](char mine, char wanted) {
                      return std::toupper(static_cast<unsigned char>(mine)) == wanted;
                    });
}

std::vector<Token> tokenize(std::string_view sql, SqlDialect dialect) {
  return Scanner(sql, dialect).all();
}

void Rewrite::replace(std::size_t begin, std::size_t end, std::string text) {
  assert(begin <= end && end <= sql_.size());
  const auto at = std::lower_bound(edits_.begin(), edits_.end(), begin,
                                   [](const Edit& e, std::size_t b) { return e.begin < b; });
  assert(at == edits_.end() || end <= at->begin);
  assert(at == edits_.begin() || std::prev(at)->end <= begin);
  edits_.insert(at, {begin, end, std::move(text)});
}

bool Rewrite::replaces(std::size_t at) const {
  return std::any_of(edits_.begin(), edits_.end(),
                     [at](const Edit& e) { return e.begin <= at && at < e.end; });
}

std::string Rewrite::finish() const {
  std::string out;
  std::size_t done = 0;
  for (const Edit& e : edits_) {
    out += sql_.substr(done, e.begin - done);
    out += e.text;
    done = e.end;
  }
  return out += sql_.substr(done);
}

}  // namespace wherry::stores::mysql
