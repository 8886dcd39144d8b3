#pragma once
// Stores that hold objects (files, later S3), as source or as target. An object is known by its
// key; content is a stream of bytes; everything else that travels is an attribute. Listings come in
// key order: the order of sort_bytes(), compared by bytes, the same on both sides; a directory
// comes before what is in it. A store may be used by several threads, each reader and writer by one
// at a time; they may outlive nothing of the store they came from. Errors: data_mismatch
// "object.changed" (the object is not what was listed: find it again), not_supported (this object
// cannot be read or written: a finding, the others go on), anything else ends the work.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/finding.h"
#include "model/key.h"

namespace wherry::contract {

enum class ObjectKind { content, directory, symlink };

struct ObjectInfo {
  model::Key key;
  ObjectKind kind = ObjectKind::content;
  std::uint64_t size = 0;        // of content; 0 for the others
  std::int64_t modified_ns = 0;  // since 1970 UTC
  // All else that travels, in one canonical form, equal on both sides when it is the same: "mode",
  // "owner", "link_target", "xattr:user.note" …
  std::map<std::string, std::string> attributes;
  // These do not travel. The version is another one whenever the object may have changed. Objects
  // of one link group are one object under several names; empty: it has one name only.
  std::string version;
  std::string link_group;
};

struct ObjectPage {
  std::vector<ObjectInfo> objects;
  // Objects that cannot be carried, each by name.
  std::vector<model::Finding> findings;
  bool complete = true;  // false: some of the range could not be listed (told in the findings)
  bool end = false;      // nothing more in the range
};

class ObjectBody {
 public:
  ObjectBody() = default;
  ObjectBody(const ObjectBody&) = delete;
  ObjectBody& operator=(const ObjectBody&) = delete;
  virtual ~ObjectBody() = default;

  struct Piece {
    std::uint64_t offset = 0;
    std::size_t size = 0;
  };
  // The next bytes, in order of their offsets; what lies between pieces, and after the last up to
  // the object's size, is a hole and reads as zeros. Nothing at the end, which is told only after
  // it was made sure that the object is still the one that was opened.
  virtual std::optional<Piece> read(std::span<char> into) = 0;
};

class ObjectReader {
 public:
  ObjectReader() = default;
  ObjectReader(const ObjectReader&) = delete;
  ObjectReader& operator=(const ObjectReader&) = delete;
  virtual ~ObjectReader() = default;

  // Up to `limit` objects (fewer only at the end) after `after` and not beyond `through`, in key
  // order. Cheap when `after` is the last key of the call before, or lies beyond it.
  virtual ObjectPage list(const std::optional<model::Key>& after,
                          const std::optional<model::Key>& through, std::size_t limit) = 0;
  // Nothing if there is no such object, or none that can be carried.
  virtual std::optional<ObjectInfo> find(const model::Key& key) = 0;
  virtual std::unique_ptr<ObjectBody> open(const ObjectInfo& object) = 0;
};

class ObjectWriter {
 public:
  ObjectWriter() = default;
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;
  virtual ~ObjectWriter() = default;

  // Missing directories above an object are made. What is written replaces what had the key, but a
  // directory is never replaced by something else.

  // Content and attributes, so that a kill leaves the old object or the new one, never a part.
  virtual void put(const ObjectInfo& object, ObjectBody& body) = 0;
  // A symlink with its attributes; or a directory, whose attributes come by set_attributes() when
  // its content is there.
  virtual void make(const ObjectInfo& object) = 0;
  // `key` becomes another name of `existing`.
  virtual void link(const model::Key& existing, const model::Key& key) = 0;
  virtual void set_attributes(const ObjectInfo& object) = 0;
  virtual void remove(const model::Key& key) = 0;  // a directory must be empty
  // Everything written so far, by any writer of the store, survives a crash of the machine.
  virtual void sync() = 0;
};

class ObjectStore {
 public:
  ObjectStore() = default;
  ObjectStore(const ObjectStore&) = delete;
  ObjectStore& operator=(const ObjectStore&) = delete;
  virtual ~ObjectStore() = default;

  virtual std::string describe() const = 0;
  // Tells this place from another that has taken its name.
  virtual std::string identity() const = 0;
  // This place, last, after all that it is inside of. Two stores overlap if the last of one is
  // among the other's.
  virtual std::vector<std::string> ancestry() const = 0;
  virtual std::vector<model::Finding> assess(bool as_target) const = 0;
  virtual std::string sort_bytes(const model::Key& key) const = 0;
  virtual std::string text(const model::Key& key) const = 0;  // for people; reversible
  // The directory that an object is in; nothing for the outermost.
  virtual std::optional<model::Key> parent(const model::Key& key) const = 0;
  // Whether the key is of a kind that only an interrupted write leaves behind.
  virtual bool is_leftover(const model::Key& key) const = 0;

  // Makes the place if it is missing, and holds it against other migrations as long as the store
  // is there. Throws Error(rejected). Called once, before the first writer().
  virtual void prepare_target() = 0;
  virtual std::unique_ptr<ObjectReader> reader() = 0;
  virtual std::unique_ptr<ObjectWriter> writer() = 0;
};

}  // namespace wherry::contract
