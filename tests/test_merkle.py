"""The tree is that of RFC 6962: by its published vectors, and by its definition, at every size."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from itertools import product

import orjson
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import merkle
from ledger.merkle import Edge, Tree

# The leaves, nodes, roots and proofs that Certificate Transparency's implementations are tested with, as
# published in transparency-dev/merkle (testonly/constants.go, proof/verify_test.go) and its predecessors.
LEAVES = [
    bytes.fromhex(each)
    for each in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    bytes.fromhex(each)
    for each in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
INCLUSION = [  # index, size, proof
    (0, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]),
    (5, 8, ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (1, 5, ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
]  # fmt: skip
CONSISTENCY = [  # old size, size, proof
    (1, 1, []),
    (1, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]),
    (6, 8, ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
    (2, 5, ["5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
    (6, 7, ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
]  # fmt: skip

MOST = 40
HASHES = [merkle.leaf_hash(b"%d" % number) for number in range(MOST)]
OTHER = sha256(b"another").digest()


def tree_of(hashes: Sequence[bytes]) -> Tree:
    tree = Tree()
    tree.extend(hashes)
    return tree


def by_definition(hashes: Sequence[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return sha256(b"\x01" + by_definition(hashes[:k]) + by_definition(hashes[k:])).digest()


TREE = tree_of(HASHES)
ALL_ROOTS = [by_definition(HASHES[:size]) for size in range(MOST + 1)]


def unhexed(proof: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(each) for each in proof]


def changed(proof: Sequence[bytes]) -> list[list[bytes]]:
    """Proofs that are not this one: longer, shorter, out of order, one bit apart, cut within a hash."""
    others = [[*proof, OTHER], [OTHER, *proof], [*proof, b""], [*proof, *proof, OTHER]]
    if proof:
        others += [list(proof[1:]), list(proof[:-1]), [*proof, proof[-1]], [proof[0], *proof]]
    if len(set(proof)) > 1:
        others.append(list(reversed(proof)))
    for place, each in enumerate(proof):
        for put in (bytes([each[0] ^ 8]) + each[1:], each[:-1], each + b"\0"):
            others.append([*proof[:place], put, *proof[place + 1 :]])
    return [other for other in others if other != list(proof)]


# ------------------------------------------------------------------------------------ published vectors


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots_come_out_of_edge_and_tree(size: int) -> None:
    hashes = [merkle.leaf_hash(leaf) for leaf in LEAVES[:size]]
    edge = Edge()
    for hashed in hashes:
        edge.append(hashed)
    assert edge.root() == ROOTS[size]
    assert merkle.edge_of(size, tree_of(hashes).node).root() == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSION)
def test_the_published_inclusion_proofs_are_made_and_taken(index: int, size: int, proof: list[str]) -> None:
    tree = tree_of([merkle.leaf_hash(leaf) for leaf in LEAVES])
    assert merkle.inclusion_proof(index, size, tree.node) == unhexed(proof)
    assert merkle.includes(index, size, merkle.leaf_hash(LEAVES[index]), unhexed(proof), ROOTS[size])


@pytest.mark.parametrize(("old", "size", "proof"), CONSISTENCY)
def test_the_published_consistency_proofs_are_made_and_taken(old: int, size: int, proof: list[str]) -> None:
    tree = tree_of([merkle.leaf_hash(leaf) for leaf in LEAVES])
    assert merkle.consistency_proof(old, size, tree.node) == unhexed(proof)
    assert merkle.consistent(old, ROOTS[old], size, ROOTS[size], unhexed(proof))


# ------------------------------------------------------------------------- by definition, at every size


def test_edge_and_tree_have_the_root_of_the_definition_at_every_size() -> None:
    edge = Edge()
    for size in range(MOST + 1):
        assert edge.root() == ALL_ROOTS[size] == merkle.edge_of(size, TREE.node).root()
        assert edge.hashes == merkle.edge_of(size, TREE.node).hashes
        assert len(edge.hashes) == size.bit_count()
        if size < MOST:
            edge.append(HASHES[size])


@given(st.lists(st.integers(0, 7), max_size=8))
def test_it_is_the_same_tree_in_whatever_portions_it_was_taken_in(portions: list[int]) -> None:
    tree, taken = Tree(), 0
    for portion in portions:
        tree.extend(HASHES[taken : taken + portion])
        taken = min(taken + portion, MOST)
    assert len(tree) == taken
    assert merkle.edge_of(taken, tree.node).root() == ALL_ROOTS[taken]


def test_every_inclusion_proof_holds_for_its_leaf_and_for_no_other_place_size_or_root() -> None:
    for size in range(1, 20):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, TREE.node)
            root = ALL_ROOTS[size]
            assert merkle.includes(index, size, HASHES[index], proof, root)
            assert not merkle.includes(index, size, OTHER, proof, root)
            assert not merkle.includes(index, size, HASHES[index], proof, OTHER)
            assert not merkle.includes(-1, size, HASHES[index], proof, root)
            held = [merkle.includes(place, size, HASHES[index], proof, root) for place in range(MOST)]
            assert held == [place == index for place in range(MOST)]


def test_every_consistency_proof_holds_for_its_sizes_and_roots() -> None:
    for old, size in product(range(20), range(20)):
        if old > size:
            assert not merkle.consistent(old, ALL_ROOTS[old], size, ALL_ROOTS[size], [])
            continue
        proof = merkle.consistency_proof(old, size, TREE.node)
        assert merkle.consistent(old, ALL_ROOTS[old], size, ALL_ROOTS[size], proof)
        assert not merkle.consistent(old, OTHER, size, ALL_ROOTS[size], proof)
        if old or not size:  # every tree continues the empty one, and an empty one has one root
            assert not merkle.consistent(old, ALL_ROOTS[old], size, OTHER, proof)
        if not old:
            assert not merkle.consistent(old, ALL_ROOTS[old], size, ALL_ROOTS[size], [OTHER])


def test_a_changed_short_or_long_proof_is_refused() -> None:
    for size in (1, 2, 3, 7, 8, 13):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, TREE.node)
            for other in changed(proof):
                assert not merkle.includes(index, size, HASHES[index], other, ALL_ROOTS[size])
        for old in range(1, size + 1):
            proof = merkle.consistency_proof(old, size, TREE.node)
            for other in changed(proof):
                assert not merkle.consistent(old, ALL_ROOTS[old], size, ALL_ROOTS[size], other)


def test_an_empty_proof_shows_of_no_tree_that_it_continues_a_smaller_one() -> None:
    for old, size in product(range(1, 20), range(1, 20)):
        held = merkle.consistent(old, ALL_ROOTS[old], size, ALL_ROOTS[size], [])
        assert held == (old == size)


def test_a_hash_is_32_bytes_wherever_it_is_cut() -> None:
    """The same bytes in a row, cut elsewhere, make the same root: that is no proof."""
    one, two = HASHES[:2]
    short, long = one[:-1], one[-1:] + two
    assert merkle.node_hash(short, long) == ALL_ROOTS[2]
    assert not merkle.includes(0, 2, short, [long], ALL_ROOTS[2])
    assert not merkle.consistent(1, short, 2, ALL_ROOTS[2], [long])


@given(st.integers(1, MOST), st.data())
@settings(max_examples=60)
def test_one_flipped_bit_anywhere_in_a_proof_refutes_it(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, TREE.node)
    if proof:
        place, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
        flipped = (int.from_bytes(proof[place], "big") ^ 1 << bit).to_bytes(32, "big")
        other = [*proof[:place], flipped, *proof[place + 1 :]]
        assert not merkle.includes(index, size, HASHES[index], other, ALL_ROOTS[size])


def test_there_is_no_proof_of_what_is_not_there() -> None:
    with pytest.raises(ValueError, match="a tree of 8 leaves has none at index 8"):
        merkle.inclusion_proof(8, 8, TREE.node)
    with pytest.raises(ValueError, match="a tree of 8 leaves cannot continue one of 9"):
        merkle.consistency_proof(9, 8, TREE.node)
    with pytest.raises(IndexError, match="no complete subtree 5 at level 3"):
        TREE.node(3, 5)


# --------------------------------------------------------------------------------------------- the edge


def test_an_edge_survives_being_written_down() -> None:
    for size in range(MOST):
        edge = merkle.edge_of(size, TREE.node)
        again = Edge.from_json(edge.to_json(), size)
        assert (again.size, again.hashes, again.to_json()) == (size, edge.hashes, edge.to_json())
    assert Edge().to_json() == "[]"


@pytest.mark.parametrize(
    ("text", "size"),
    [("[]", 1), ('["00"]', 1), (f'["{"0" * 64}"]', 3), ("[1]", 1), ("{}", 1), ("", 0), ("5", 0)],
)
def test_what_is_no_edge_of_that_size_is_refused(text: str, size: int) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Edge.from_json(text, size)


# ------------------------------------------------------------------------------------- from entry to leaf

KEY = bytes(range(32))


def test_a_salt_is_the_hash_of_key_and_seq_and_no_two_are_alike() -> None:
    assert merkle.salt_of(KEY, 258) == sha256(KEY + bytes([0, 0, 0, 0, 0, 0, 1, 2])).digest()
    assert len({merkle.salt_of(KEY, seq) for seq in range(1, 1000)}) == 999
    assert merkle.salt_of(KEY, 1) != merkle.salt_of(bytes(32), 1)


@given(st.integers(1, 2**53 - 1), st.integers(1, 9), st.binary(min_size=32, max_size=32))
def test_a_leaf_is_canonical_json_to_the_byte(seq: int, hash_v: int, committed: bytes) -> None:
    fields: dict[str, int | str] = {
        "v": 1, "origin": "tppq/diffusion-2025/9f31c2e8d04b7a65", "seq": seq,
        "recorded_at": "2026-02-01T12:00:00.000000Z", "hash_v": hash_v, "commitment": committed.hex(),
    }  # fmt: skip
    leaf = merkle.leaf(str(fields["origin"]), seq, str(fields["recorded_at"]), hash_v, committed)
    assert leaf == rfc8785.dumps(fields) == orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)


def test_many_leaf_hashes_are_those_of_each_leaf() -> None:
    bodies, at = [b"{}", b'{"seq":2}'], ["2026-02-01T12:00:00.000000Z", "2026-02-01T12:00:00.000001Z"]
    alone = [
        merkle.leaf_hash(
            merkle.leaf("a/b", seq, at[seq - 1], 1, merkle.commitment(merkle.salt_of(KEY, seq), body))
        )
        for seq, body in enumerate(bodies, 1)
    ]
    assert merkle.leaf_hashes("a/b", KEY, range(1, 3), at, [1, 1], bodies) == alone


def test_the_same_entry_under_another_salt_is_another_commitment() -> None:
    assert merkle.commitment(b"a" * 32, b"{}") == sha256(b"a" * 32 + b"{}").digest()
    assert merkle.commitment(b"a" * 32, b"{}") != merkle.commitment(b"b" * 32, b"{}")


@pytest.mark.parametrize("text", ["tppq/diffusion-2025/9f31", "example.com/log42", "a"])
def test_a_name_without_spaces_plus_or_quotes_can_be_an_origin(text: str) -> None:
    assert merkle.is_origin(text)


@pytest.mark.parametrize("text", ["", "a b", "a+b", 'a"b', "a\\b", "a\nb", "a\u00a0b"])
def test_what_json_or_a_note_would_have_to_escape_cannot_be_an_origin(text: str) -> None:
    assert not merkle.is_origin(text)
