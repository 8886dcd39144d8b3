#pragma once
// What every store of objects must do, as far as it can be seen through the contract. A store joins
// with a maker of empty targets: see file_objects_test.cc.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "contract/object_store.h"
#include "tests/contract/text_body.h"

namespace wherry::contract_tests {

using contract::ObjectInfo;
using contract::ObjectKind;

// Owns the place; gone with it.
class ObjectPlace {
 public:
  virtual ~ObjectPlace() = default;
  virtual contract::ObjectStore& store() = 0;
};
using MakeObjectPlace = std::unique_ptr<ObjectPlace> (*)();

inline model::Key key(std::string_view path) {
  model::Key out;
  out.append(path);
  return out;
}

class ObjectStoreContract : public testing::TestWithParam<MakeObjectPlace> {
 protected:
  void SetUp() override {
    place_ = GetParam()();
    store().prepare_target();
    reader_ = store().reader();
    writer_ = store().writer();
  }
  contract::ObjectStore& store() { return place_->store(); }

  static ObjectInfo content(std::string_view path, std::uint64_t size) {
    ObjectInfo object;
    object.key = key(path);
    object.size = size;
    object.modified_ns = 1'600'000'000'123'456'789;
    object.attributes["mode"] = "0640";
    return object;
  }
  void put(std::string_view path, const std::string& text) {
    TextBody body({{0, text}});
    writer_->put(content(path, text.size()), body);
  }
  void make_directory(std::string_view path) {
    ObjectInfo object;
    object.key = key(path);
    object.kind = ObjectKind::directory;
    writer_->make(object);
  }
  std::string read(const ObjectInfo& object) {
    const auto body = reader_->open(object);
    std::string out;
    std::vector<char> buffer(1U << 16U);
    while (const auto piece = body->read(buffer)) {
      out.resize(piece->offset, '\0');
      out.append(buffer.data(), piece->size);
    }
    out.resize(object.size, '\0');
    return out;
  }
  std::string read(std::string_view path) { return read(reader_->find(key(path)).value()); }
  std::vector<std::string> list(std::optional<model::Key> after, std::optional<model::Key> through,
                                std::size_t page_size) {
    return list(*reader_, std::move(after), std::move(through), page_size);
  }
  std::vector<std::string> list(contract::ObjectReader& reader, std::optional<model::Key> after,
                                const std::optional<model::Key>& through, std::size_t page_size) {
    std::vector<std::string> out;
    while (true) {
      const auto page = reader.list(after, through, page_size);
      EXPECT_TRUE(page.complete);
      EXPECT_LE(page.objects.size(), page_size);
      EXPECT_TRUE(page.end || page.objects.size() == page_size);
      for (const auto& object : page.objects) {
        out.emplace_back(object.key.parts().at(0));
        after = object.key;
      }
      if (page.end) return out;
    }
  }

  std::unique_ptr<ObjectPlace> place_;
  std::unique_ptr<contract::ObjectReader> reader_;
  std::unique_ptr<contract::ObjectWriter> writer_;
};

inline std::vector<std::string> awkward_names() {
  return {"a",   "a/b",  "a/b/c", "a/b.c",  "a/b/c/d",    "a!",      "a.x",   "a0", "b/\x01",
          "b/ ", "b/\n", "b/-",   "c/\xff", "c/\xc3\xa9", "z/z/z/z", "..x/y", "\\", "b/'\""};
}

TEST_P(ObjectStoreContract, lists_every_range_in_key_order_whatever_the_page) {
  for (const auto& name : awkward_names()) {
    const bool folder = name == "a" || name == "a/b" || name == "a/b/c";
    folder ? make_directory(name) : put(name, name);
  }
  const auto all = list(std::nullopt, std::nullopt, 1000);
  ASSERT_GE(all.size(), awkward_names().size());
  for (const auto& name : awkward_names()) {
    EXPECT_NE(std::find(all.begin(), all.end(), name), all.end()) << name;
  }
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [&](const auto& a, const auto& b) {
    return store().sort_bytes(key(a)) < store().sort_bytes(key(b));
  }));
  for (const std::size_t page : {1U, 2U, 5U}) {
    EXPECT_EQ(list(std::nullopt, std::nullopt, page), all);
    for (std::size_t from = 0; from < all.size(); ++from) {
      for (std::size_t to = from; to < all.size(); to += 3) {
        const std::vector<std::string> expected(
            all.begin() + static_cast<std::ptrdiff_t>(from) + 1,
            all.begin() + static_cast<std::ptrdiff_t>(std::max(to, from)) + 1);
        EXPECT_EQ(list(key(all[from]), key(all[to]), page), expected)
            << all[from] << " " << all[to];
      }
    }
  }
}

TEST_P(ObjectStoreContract, ranges_may_begin_and_end_at_keys_that_are_not_there) {
  for (const auto* name : {"b/a", "b/c", "b/c.d", "d"}) put(name, "x");
  for (const std::size_t page : {1U, 10U}) {
    EXPECT_EQ(list(key("b/b"), key("c/c"), page), (std::vector<std::string>{"b/c", "b/c.d"}));
    EXPECT_EQ(list(key("b/c/x"), std::nullopt, page), (std::vector<std::string>{"b/c.d", "d"}));
    EXPECT_EQ(list(key("a/a"), key("b"), page), (std::vector<std::string>{"b"}));
    EXPECT_EQ(list(key("x"), std::nullopt, page), std::vector<std::string>{});
  }
}

TEST_P(ObjectStoreContract, a_directory_stands_right_before_what_is_in_it_and_is_its_parent) {
  put("a/b/c", "x");
  put("a/b-", "x");
  EXPECT_EQ(list(std::nullopt, std::nullopt, 100),
            (std::vector<std::string>{"", "a", "a/b", "a/b/c", "a/b-"}));
  EXPECT_EQ(store().parent(key("a/b/c")), key("a/b"));
  EXPECT_EQ(store().parent(key("a")), key(""));
  EXPECT_EQ(store().parent(key("")), std::nullopt);
}

TEST_P(ObjectStoreContract, content_holes_and_attributes_come_back_as_they_were_put) {
  ObjectInfo object = content("d/f", 3'000'000);
  TextBody body({{0, "start"}, {1'500'000, "middle"}});
  writer_->put(object, body);
  const auto found = reader_->find(object.key);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, ObjectKind::content);
  EXPECT_EQ(found->size, object.size);
  EXPECT_EQ(found->modified_ns, object.modified_ns);
  EXPECT_EQ(found->attributes.at("mode"), "0640");
  EXPECT_FALSE(found->version.empty());
  std::string expected(3'000'000, '\0');
  expected.replace(0, 5, "start").replace(1'500'000, 6, "middle");
  EXPECT_EQ(read(*found), expected);
}

TEST_P(ObjectStoreContract, symlinks_keep_target_and_time) {
  ObjectInfo object;
  object.key = key("s/l");
  object.kind = ObjectKind::symlink;
  object.modified_ns = -1'000'000'001;
  object.attributes["link_target"] = "../nowhere/\xff";
  writer_->make(object);
  const auto found = reader_->find(object.key);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, ObjectKind::symlink);
  EXPECT_EQ(found->attributes.at("link_target"), "../nowhere/\xff");
  EXPECT_EQ(found->modified_ns, -1'000'000'001);
}

TEST_P(ObjectStoreContract, a_directorys_attributes_are_set_after_its_content) {
  put("d/f", "x");
  ObjectInfo object;
  object.key = key("d");
  object.kind = ObjectKind::directory;
  object.modified_ns = 42'000'000'007;
  object.attributes["mode"] = "0751";
  writer_->make(object);
  writer_->set_attributes(object);
  const auto found = reader_->find(object.key);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->modified_ns, 42'000'000'007);
  EXPECT_EQ(found->attributes.at("mode"), "0751");
}

TEST_P(ObjectStoreContract, a_put_that_fails_leaves_the_old_object_and_nothing_else) {
  put("d/f", "old");
  TextBody body({{0, "new"}, {3, "er"}}, 1);
  EXPECT_THROW(writer_->put(content("d/f", 5), body), base::Error);
  EXPECT_EQ(read("d/f"), "old");
  EXPECT_EQ(list(std::nullopt, std::nullopt, 100), (std::vector<std::string>{"", "d", "d/f"}));
}

TEST_P(ObjectStoreContract, names_of_one_object_share_a_group_until_one_is_written_to) {
  put("a", "shared");
  put("b", "old");
  EXPECT_EQ(reader_->find(key("a"))->link_group, "");
  writer_->link(key("a"), key("b"));
  writer_->link(key("a"), key("d/c"));
  writer_->link(key("a"), key("b"));  // again
  const auto group = reader_->find(key("a"))->link_group;
  EXPECT_FALSE(group.empty());
  EXPECT_EQ(reader_->find(key("b"))->link_group, group);
  EXPECT_EQ(reader_->find(key("d/c"))->link_group, group);
  EXPECT_EQ(read("d/c"), "shared");
  EXPECT_EQ(list(std::nullopt, std::nullopt, 100),
            (std::vector<std::string>{"", "a", "b", "d", "d/c"}));
  put("b", "own");
  EXPECT_EQ(reader_->find(key("b"))->link_group, "");
  EXPECT_EQ(read("a"), "shared");
}

TEST_P(ObjectStoreContract, an_object_that_changed_since_it_was_listed_is_not_read) {
  put("f", "one");
  const auto before = reader_->find(key("f")).value();
  put("f", "two");
  try {
    static_cast<void>(read(before));
    FAIL() << "the changed object was read";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::data_mismatch);
    EXPECT_EQ(error.code(), "object.changed");
  }
  writer_->remove(key("f"));
  try {
    static_cast<void>(read(before));
    FAIL() << "the removed object was read";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::data_mismatch);
  }
}

TEST_P(ObjectStoreContract, directories_are_never_replaced_but_others_give_way_to_them) {
  put("d/f", "x");
  TextBody body({{0, "y"}});
  try {
    writer_->put(content("d", 1), body);
    FAIL() << "the directory was replaced";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::not_supported);
  }
  EXPECT_EQ(read("d/f"), "x");
  make_directory("d/f");
  EXPECT_EQ(reader_->find(key("d/f"))->kind, ObjectKind::directory);
}

TEST_P(ObjectStoreContract, removes_objects_and_empty_directories_only) {
  put("d/f", "x");
  EXPECT_THROW(writer_->remove(key("d")), base::Error);
  writer_->remove(key("d/f"));
  writer_->remove(key("d"));
  writer_->remove(key("d"));
  writer_->sync();
  EXPECT_EQ(list(std::nullopt, std::nullopt, 100), (std::vector<std::string>{""}));
  EXPECT_FALSE(reader_->find(key("d")));
}

TEST_P(ObjectStoreContract, keys_have_a_reversible_text) {
  EXPECT_EQ(store().text(key("a/\xff\\")), "a/\\xff\\\\");
}

}  // namespace wherry::contract_tests
