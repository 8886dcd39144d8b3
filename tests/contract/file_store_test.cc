// What only directories can show: special files, symlinks that lead out of the tree, extents,
// rights, extended attributes.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "stores/file/names.h"
#include "stores/file/paths.h"
#include "stores/file/store.h"
#include "tests/contract/text_body.h"
#include "tests/support/program.h"

namespace wherry::contract_tests {
namespace {

namespace fs = std::filesystem;
using stores::file::key_of;

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct FileStore : testing::Test {
  FileStore() { fs::create_directory(tree); }
  tests::TemporaryDirectory folder{"file-store"};
  fs::path tree = folder.path() / "tree";
  stores::file::Carried carried{::geteuid() == 0};
  stores::file::Store store{tree, carried};

  contract::ObjectPage list_all() { return store.reader()->list({}, {}, 100'000); }
};

TEST_F(FileStore, fifos_and_sockets_are_told_by_name_and_the_rest_is_listed) {
  ASSERT_EQ(::mkfifo((tree / "pi\xffpe").c_str(), 0600), 0);
  write_file(tree / "z", "x");
  const auto page = list_all();
  ASSERT_EQ(page.findings.size(), 1U);
  EXPECT_EQ(page.findings[0].code, "file.special");
  EXPECT_EQ(page.findings[0].subject, "pi\\xffpe");
  EXPECT_EQ(page.findings[0].severity, model::Severity::blocker);
  EXPECT_TRUE(page.complete);
  EXPECT_EQ(page.objects.size(), 2U);
}

TEST_F(FileStore, nothing_is_written_through_a_symlink_on_the_target) {
  const fs::path outside = folder.path() / "outside";
  fs::create_directory(outside);
  write_file(outside / "f", "mine");
  fs::create_directory_symlink(outside, tree / "d");
  fs::create_symlink(outside / "f", tree / "l");
  const auto writer = store.writer();
  contract::ObjectInfo object;
  object.key = key_of("d/f");
  object.size = 3;
  object.attributes["mode"] = "0777";
  TextBody through_folder({{0, "bad"}});
  EXPECT_THROW(writer->put(object, through_folder), base::Error);
  EXPECT_THROW(writer->set_attributes(object), base::Error);
  EXPECT_THROW(writer->remove(object.key), base::Error);
  EXPECT_THROW(writer->link(key_of("l"), key_of("d/g")), base::Error);
  object.key = key_of("l");
  EXPECT_THROW(writer->set_attributes(object), base::Error);
  TextBody over_link({{0, "bad"}});
  writer->put(object, over_link);  // replaces the symlink itself
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(tree / "l")));
  EXPECT_EQ(read_file(outside / "f"), "mine");
  EXPECT_NE(fs::status(outside / "f").permissions(), fs::perms::all);
  EXPECT_FALSE(fs::exists(outside / "g"));
  EXPECT_EQ(std::distance(fs::directory_iterator(outside), fs::directory_iterator()), 1);
}

TEST_F(FileStore, symlinks_are_listed_and_not_followed) {
  fs::create_directory_symlink("/etc", tree / "etc");
  const auto page = list_all();
  ASSERT_EQ(page.objects.size(), 2U);
  EXPECT_EQ(page.objects[1].kind, contract::ObjectKind::symlink);
  EXPECT_FALSE(store.reader()->find(key_of("etc/passwd")));
}

TEST_F(FileStore, holes_stay_holes) {
  constexpr std::uint64_t size = 64U << 20U;
  const auto writer = store.writer();
  contract::ObjectInfo object;
  object.key = key_of("sparse");
  object.size = size;
  TextBody body({{0, "a"}, {size / 2, "b"}});
  writer->put(object, body);
  struct stat is {};
  ASSERT_EQ(::stat((tree / "sparse").c_str(), &is), 0);
  EXPECT_EQ(static_cast<std::uint64_t>(is.st_size), size);
  EXPECT_LT(is.st_blocks * 512, 1 << 20);
  const auto reader = store.reader();
  const auto opened = reader->open(reader->find(object.key).value());
  std::vector<char> buffer(1U << 20U);
  std::uint64_t read = 0;
  while (const auto piece = opened->read(buffer)) read += piece->size;
  EXPECT_LT(read, 1U << 20U);
}

TEST_F(FileStore, a_file_written_to_while_it_is_read_is_told) {
  write_file(tree / "f", std::string(1000, 'a'));
  const auto reader = store.reader();
  const auto body = reader->open(reader->find(key_of("f")).value());
  std::vector<char> buffer(100);
  ASSERT_TRUE(body->read(buffer));
  // The clock that files are stamped with is coarse.
  ::usleep(20'000);
  write_file(tree / "f", std::string(1000, 'b'));
  EXPECT_THROW(while (body->read(buffer)){}, base::Error);
}

TEST_F(FileStore, extended_attributes_and_acls_travel_and_others_go) {
  write_file(tree / "a", "x");
  write_file(tree / "b", "x");
  const std::string value("\0\xff text", 7);
  if (::setxattr((tree / "a").c_str(), "user.note", value.data(), value.size(), 0) != 0) {
    GTEST_SKIP() << "this file system has no extended attributes";
  }
  // user::rw- user:1234:r-- group::r-- mask::r-- other::---
  const unsigned char acl[] = {2,  0, 0, 0,                          //
                               1,  0, 6, 0, 0xff, 0xff, 0xff, 0xff,  //
                               2,  0, 4, 0, 0xd2, 0x04, 0,    0,     //
                               4,  0, 4, 0, 0xff, 0xff, 0xff, 0xff,  //
                               16, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,  //
                               32, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
  ASSERT_EQ(::setxattr((tree / "a").c_str(), "system.posix_acl_access", acl, sizeof(acl), 0), 0);
  ASSERT_EQ(::setxattr((tree / "b").c_str(), "user.other", "y", 1, 0), 0);
  const auto reader = store.reader();
  auto object = reader->find(key_of("a")).value();
  EXPECT_EQ(object.attributes.at("xattr:user.note"), value);
  object.key = key_of("b");
  store.writer()->set_attributes(object);
  const auto copied = reader->find(key_of("b")).value();
  EXPECT_EQ(copied.attributes, object.attributes);
  EXPECT_EQ(copied.modified_ns, object.modified_ns);
  EXPECT_TRUE(copied.attributes.contains("xattr:system.posix_acl_access"));
}

TEST_F(FileStore, a_directory_that_cannot_be_listed_is_told_and_the_listing_is_not_complete) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  fs::permissions(folder.path(), fs::perms::all);
  fs::permissions(tree, fs::perms::all);
  fs::create_directory(tree / "closed");
  write_file(tree / "closed/f", "x");
  write_file(tree / "z", "x");
  fs::permissions(tree / "closed", fs::perms::none);
  ASSERT_EQ(::seteuid(65534), 0);
  const auto page = list_all();
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_FALSE(page.complete);
  ASSERT_EQ(page.findings.size(), 1U);
  EXPECT_EQ(page.findings[0].code, "file.unreadable");
  EXPECT_EQ(page.findings[0].subject, "closed");
  EXPECT_EQ(page.objects.back().key, key_of("z"));
}

TEST_F(FileStore, without_root_a_read_only_directory_can_still_be_filled_by_its_owner) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  ASSERT_EQ(::chown(tree.c_str(), 65534, 65534), 0);
  fs::permissions(folder.path(), fs::perms::all);
  ASSERT_EQ(::seteuid(65534), 0);
  fs::create_directory(tree / "d");
  fs::permissions(tree / "d", fs::perms::owner_read);
  std::string failed;
  try {
    contract::ObjectInfo object;
    object.key = key_of("d/e/f");
    object.size = 1;
    TextBody body({{0, "x"}});
    stores::file::Store(tree, {false}).writer()->put(object, body);
  } catch (const base::Error& error) {
    failed = error.what();
  }
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(failed, "");
  EXPECT_EQ(read_file(tree / "d/e/f"), "x");
}

TEST_F(FileStore, paths_longer_than_the_kernel_takes_at_once) {
  std::string path = std::string(200, 'd');
  for (int level = 0; level < 30; ++level) path += "/" + std::string(200, 'd');
  contract::ObjectInfo object;
  object.key = key_of(path);
  object.size = 4;
  TextBody body({{0, "deep"}});
  store.writer()->put(object, body);
  const auto page = list_all();
  ASSERT_EQ(page.objects.size(), 32U);
  EXPECT_EQ(page.objects.back().key, object.key);
  const auto reader = store.reader();
  const auto opened = reader->open(page.objects.back());
  std::vector<char> buffer(100);
  EXPECT_EQ(opened->read(buffer)->size, 4U);
}

TEST_F(FileStore, one_process_holds_a_target) {
  store.prepare_target();
  stores::file::Store other(tree, carried);
  try {
    other.prepare_target();
    FAIL() << "two hold it";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::fenced);
    EXPECT_EQ(error.code(), "file.in_use");
  }
}

TEST_F(FileStore, interrupted_writes_leave_names_that_are_known) {
  EXPECT_TRUE(store.is_leftover(key_of("d/" + stores::file::unfinished_name())));
  EXPECT_FALSE(store.is_leftover(key_of("d/f")));
}

TEST_F(FileStore, another_directory_of_the_same_name_is_another_place) {
  const auto identity = store.identity();
  EXPECT_EQ(store.identity(), identity);
  fs::rename(tree, folder.path() / "away");
  fs::create_directory(tree);
  EXPECT_NE(store.identity(), identity);
}

TEST_F(FileStore, a_place_within_another_is_seen_through_symlinks) {
  fs::create_directory(tree / "inner");
  fs::create_directory_symlink(tree / "inner", folder.path() / "link");
  const auto outer = store.ancestry();
  const auto has = [&](const std::vector<std::string>& all) {
    return std::find(all.begin(), all.end(), outer.back()) != all.end();
  };
  EXPECT_TRUE(has(stores::file::Store(folder.path() / "link", carried).ancestry()));
  EXPECT_TRUE(has(stores::file::Store(tree / "not/yet/there", carried).ancestry()));
  EXPECT_FALSE(has(stores::file::Store(folder.path() / "tree2", carried).ancestry()));
}

TEST(Names, come_sorted_however_few_are_held_at_once) {
  const tests::TemporaryDirectory folder("names");
  std::vector<std::string> expected;
  for (int i = 0; i < 25; ++i) {
    expected.push_back("n" + std::to_string(i));
    write_file(folder.path() / expected.back(), "");
  }
  std::sort(expected.begin(), expected.end());
  for (const std::size_t at_once : {1U, 3U, 25U, 100U}) {
    stores::file::Names names(
        stores::file::Fd(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
        at_once);
    std::vector<std::string> got;
    while (const auto name = names.next()) got.push_back(*name);
    EXPECT_EQ(got, expected);
    for (std::size_t i = 0; i < expected.size(); i += 7) {
      names.go_after(expected[i]);
      EXPECT_EQ(names.next(),
                i + 1 < expected.size() ? std::optional(expected[i + 1]) : std::nullopt);
    }
    names.go_after("n1a");
    EXPECT_EQ(names.next(), "n2");
    names.rewind();
    EXPECT_EQ(names.next(), "n0");
  }
}

}  // namespace
}  // namespace wherry::contract_tests
