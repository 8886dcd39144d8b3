#include "engine/object_compare.h"

#include <gtest/gtest.h>

#include "engine/object_links.h"

namespace wherry::engine {
namespace {

contract::ObjectInfo object(const char* path) {
  contract::ObjectInfo out;
  out.key.append(path);
  out.size = 3;
  out.modified_ns = 7;
  out.attributes = {{"mode", "0644"}, {"xattr:user.a", "b"}};
  return out;
}

TEST(ObjectCompare, tells_in_what_two_objects_differ) {
  const auto a = object("f");
  auto b = a;
  b.version = "another";
  EXPECT_TRUE(looks_same(a, b));
  EXPECT_EQ(differs_in(a, b), "");
  b.size = 4;
  b.modified_ns = 8;
  b.attributes = {{"mode", "0644"}, {"owner", "0:0"}};
  EXPECT_FALSE(looks_same(a, b));
  EXPECT_EQ(differs_in(a, b), "size, time, owner, xattr:user.a");
}

TEST(ObjectCompare, every_part_of_an_object_is_in_its_digest) {
  const auto key = base::DigestKey::random();
  const auto one = object("f");
  const base::Digest content{1, 2};
  const auto digest = digest_object(key, one, std::nullopt, content);
  EXPECT_EQ(digest, digest_object(key, one, std::nullopt, content));
  EXPECT_NE(digest, digest_object(key, one, std::nullopt, std::nullopt));
  EXPECT_NE(digest, digest_object(key, one, std::nullopt, base::Digest{1, 3}));
  EXPECT_NE(digest, digest_object(key, one, object("g").key, content));
  EXPECT_NE(digest, digest_object(key, object("g"), std::nullopt, content));
  const auto changed = [&](auto change) {
    auto other = one;
    change(other);
    return digest_object(key, other, std::nullopt, content);
  };
  EXPECT_NE(digest, changed([](auto& o) { o.kind = contract::ObjectKind::symlink; }));
  EXPECT_NE(digest, changed([](auto& o) { o.size = 4; }));
  EXPECT_NE(digest, changed([](auto& o) { o.modified_ns = 8; }));
  EXPECT_NE(digest, changed([](auto& o) { o.attributes["mode"] = "0600"; }));
  EXPECT_NE(digest, changed([](auto& o) { o.attributes.erase("xattr:user.a"); }));
  EXPECT_EQ(digest, changed([](auto& o) { o.version = "v"; }));
}

TEST(LinkGroups, the_first_name_leads_and_groups_are_bounded) {
  LinkGroups groups(1);
  auto a = object("a");
  auto b = object("b");
  auto c = object("c");
  a.link_group = b.link_group = "1";
  c.link_group = "2";
  EXPECT_TRUE(groups.add(a));
  EXPECT_TRUE(groups.add(b));
  EXPECT_FALSE(groups.add(c));
  EXPECT_EQ(groups.leader(a), std::nullopt);
  EXPECT_EQ(groups.leader(b), a.key);
  EXPECT_EQ(groups.leader(c), std::nullopt);
  EXPECT_EQ(groups.leader(object("d")), std::nullopt);
}

}  // namespace
}  // namespace wherry::engine
