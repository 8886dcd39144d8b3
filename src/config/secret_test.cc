#include "config/secret.h"

#include <concepts>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"

namespace wherry::config {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };
static_assert(Streamable<std::string>);
static_assert(!Streamable<Secret>);
static_assert(!fmt::is_formattable<Secret>::value);
static_assert(!std::equality_comparable<Secret>);

class SecretFile : public testing::Test {
 protected:
  void write(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }
  void TearDown() override { std::filesystem::remove(path_); }
  // Tests run at the same time, each in a process of its own.
  std::filesystem::path path_ = std::filesystem::path(testing::TempDir()) /
                                ("wherry_secret_test" + std::to_string(::getpid()));
};

TEST_F(SecretFile, is_read_anew_each_time) {
  const Secret secret = Secret::from_file(path_);
  write("one\n");
  EXPECT_EQ(secret.reveal(), "one");
  write("two\r\n");
  EXPECT_EQ(secret.reveal(), "two");
}

TEST_F(SecretFile, keeps_blanks_and_all_but_the_last_line_end) {
  write(" a b \n\n");
  EXPECT_EQ(Secret::from_file(path_).reveal(), " a b \n");
}

TEST_F(SecretFile, that_is_missing_or_huge_is_an_error_that_shows_no_content) {
  const Secret secret = Secret::from_file(path_);
  try {
    static_cast<void>(secret.reveal());
    FAIL();
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), "config.secret_unreadable");
  }
  write("hunter2" + std::string(5000, 'x'));
  try {
    static_cast<void>(secret.reveal());
    FAIL();
  } catch (const base::Error& e) {
    EXPECT_EQ(std::string(e.what()).find("hunter2"), std::string::npos);
  }
}

TEST(Secret, of_the_environment_follows_it) {
  const Secret secret = Secret::from_environment("WHERRY_SECRET_TEST");
  ::unsetenv("WHERRY_SECRET_TEST");
  EXPECT_THROW(static_cast<void>(secret.reveal()), base::Error);
  ::setenv("WHERRY_SECRET_TEST", "pw", 1);
  EXPECT_EQ(secret.reveal(), "pw");
  EXPECT_EQ(secret.origin(), "environment variable WHERRY_SECRET_TEST");
  ::unsetenv("WHERRY_SECRET_TEST");
}

TEST(Secret, none_is_an_empty_password) {
  EXPECT_FALSE(Secret().given());
  EXPECT_EQ(Secret().reveal(), "");
}

}  // namespace
}  // namespace wherry::config
