#include "config/secret.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace wherry::config {

namespace {

constexpr std::size_t longest_secret = 4096;

[[noreturn]] void throw_unreadable(const std::string& origin, const std::string& why) {
  throw base::Error(base::ErrorKind::rejected, "config.secret_unreadable",
                    fmt::format("the password cannot be read from {}: {}", origin, why));
}

}  // namespace

Secret Secret::from_environment(std::string variable) {
  Secret secret;
  secret.source_ = Source::environment;
  secret.name_ = std::move(variable);
  return secret;
}

Secret Secret::from_file(const std::filesystem::path& file) {
  Secret secret;
  secret.source_ = Source::file;
  secret.name_ = file.string();
  return secret;
}

std::string Secret::origin() const {
  switch (source_) {
    case Source::none:
      return "none";
    case Source::environment:
      return "environment variable " + base::printable(name_);
    case Source::file:
      return "file " + base::printable(name_);
  }
  return "none";
}

std::string Secret::reveal() const {
  if (source_ == Source::none) return {};
  if (source_ == Source::environment) {
    const char* value = std::getenv(name_.c_str());
    if (value == nullptr) throw_unreadable(origin(), "it is not set");
    return value;
  }
  errno = 0;
  std::ifstream file(name_, std::ios::binary);
  if (!file) throw_unreadable(origin(), std::strerror(errno));
  std::array<char, longest_secret + 1> buffer{};
  file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
  if (file.bad()) throw_unreadable(origin(), "reading failed");
  std::string value(buffer.data(), static_cast<std::size_t>(file.gcount()));
  if (value.size() > longest_secret) {
    throw_unreadable(origin(), fmt::format("it is longer than {} bytes", longest_secret));
  }
  if (value.ends_with('\n')) value.pop_back();
  if (value.ends_with('\r')) value.pop_back();
  return value;
}

}  // namespace wherry::config
