// Written by script/refresh-catalogue.mjs from kind's releases; run it when kind has a new one.
import type { KindRelease } from "./catalogue.ts";

/** Newest release first; of each, the default image first. */
export const kindReleases: readonly KindRelease[] = [
  {
    version: "v0.33.0",
    images: [
      { version: "1.37.0", sha256: "a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5" },
      { version: "1.36.4", sha256: "099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed" },
      { version: "1.35.8", sha256: "07b2536e30b803ed61d1677a79df6115f798ce64c80f9e22f6ed45afd09323c0" },
      { version: "1.34.11", sha256: "44e222ee2132dab25ff87301682f89eb82c7880ea3a1bf543bfe9708fd08d67d" },
    ],
    // No sums for the action's default: those published beside the release are used. A test lab without a
    // network serves its own build under this version.
    sums: {},
  },
  {
    version: "v0.32.0",
    images: [
      { version: "1.36.1", sha256: "3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5" },
      { version: "1.35.5", sha256: "ce977ae6d65918d0b58a5f8b5e940429c2ce42fa3a5619ec2bbc60b949c0ac95" },
      { version: "1.34.8", sha256: "02722c2dedddcfc00febf5d27fbeb9b7b2c14294c82109ff4a85d89ac9ba3256" },
      { version: "1.33.12", sha256: "3f5c8443c620245e4d355cfe09e96a91ead32ceaa569d3f1ca9edf0cb2fe2ff4" },
    ],
    sums: {
      "linux-amd64": "50030de23cf40a18505f20426f6a8506bedf13c6e509244bd1fa9463721b0f54",
      "linux-arm64": "b92cd615e97585de8ddade28ed5cd7feb4248d717c233eea5b03c37298900f5d",
      "darwin-amd64": "295ac6d0d634c9819c9907df45e3017d1f13166bd13c3404c45e79f7faa47498",
      "darwin-arm64": "dca67911095a110c2b5c36e26df6cac860c602033e456c0db47be498cdef1ebb",
    },
  },
  {
    version: "v0.31.0",
    images: [
      { version: "1.35.0", sha256: "452d707d4862f52530247495d180205e029056831160e22870e37e3f6c1ac31f" },
      { version: "1.34.3", sha256: "08497ee19eace7b4b5348db5c6a1591d7752b164530a36f855cb0f2bdcbadd48" },
      { version: "1.33.7", sha256: "d26ef333bdb2cbe9862a0f7c3803ecc7b4303d8cea8e814b481b09949d353040" },
      { version: "1.32.11", sha256: "5fc52d52a7b9574015299724bd68f183702956aa4a2116ae75a63cb574b35af8" },
      { version: "1.31.14", sha256: "6f86cf509dbb42767b6e79debc3f2c32e4ee01386f0489b3b2be24b0a55aac2b" },
    ],
    sums: {
      "linux-amd64": "eb244cbafcc157dff60cf68693c14c9a75c4e6e6fedaf9cd71c58117cb93e3fa",
      "linux-arm64": "8e1014e87c34901cc422a1445866835d1e666f2a61301c27e722bdeab5a1f7e4",
      "darwin-amd64": "a8b3cf77b2ad77aec5bf710d1a2589d9117576132af812885cad41e9dede4d4e",
      "darwin-arm64": "88bf554fe9da6311c9f8c2d082613c002911a476f6b5090e9420b35d84e70c5c",
    },
  },
  {
    version: "v0.30.0",
    images: [
      { version: "1.34.0", sha256: "7416a61b42b1662ca6ca89f02028ac133a309a2a30ba309614e8ec94d976dc5a" },
      { version: "1.33.4", sha256: "25a6018e48dfcaee478f4a59af81157a437f15e6e140bf103f85a2e7cd0cbbf2" },
      { version: "1.32.8", sha256: "abd489f042d2b644e2d033f5c2d900bc707798d075e8186cb65e3f1367a9d5a1" },
      { version: "1.31.12", sha256: "0f5cc49c5e73c0c2bb6e2df56e7df189240d83cf94edfa30946482eb08ec57d2" },
    ],
    sums: {},
  },
  {
    version: "v0.29.0",
    images: [
      { version: "1.33.1", sha256: "050072256b9a903bd914c0b2866828150cb229cea0efe5892e2b644d5dd3b34f" },
      { version: "1.32.5", sha256: "e3b2327e3a5ab8c76f5ece68936e4cafaa82edf58486b769727ab0b3b97a5b0d" },
      { version: "1.31.9", sha256: "b94a3a6c06198d17f59cca8c6f486236fa05e2fb359cbd75dabbfc348a10b211" },
      { version: "1.30.13", sha256: "397209b3d947d154f6641f2d0ce8d473732bd91c87d9575ade99049aa33cd648" },
    ],
    sums: {},
  },
  {
    version: "v0.28.0",
    images: [
      { version: "1.33.1", sha256: "8d866994839cd096b3590681c55a6fa4a071fdaf33be7b9660e5697d2ed13002" },
      { version: "1.32.5", sha256: "36187f6c542fa9b78d2d499de4c857249c5a0ac8cc2241bef2ccd92729a7a259" },
      { version: "1.31.9", sha256: "156da58ab617d0cb4f56bbdb4b493f4dc89725505347a4babde9e9544888bb92" },
      { version: "1.30.13", sha256: "8673291894dc400e0fb4f57243f5fdc6e355ceaa765505e0e73941aa1b6e0b80" },
    ],
    sums: {},
  },
  {
    version: "v0.27.0",
    images: [
      { version: "1.32.2", sha256: "f226345927d7e348497136874b6d207e0b32cc52154ad8323129352923a3142f" },
      { version: "1.33.0", sha256: "02f73d6ae3f11ad5d543f16736a2cb2a63a300ad60e81dac22099b0b04784a4e" },
      { version: "1.31.6", sha256: "28b7cbb993dfe093c76641a0c95807637213c9109b761f1d422c2400e22b8e87" },
      { version: "1.30.10", sha256: "4de75d0e82481ea846c0ed1de86328d821c1e6a6a91ac37bf804e5313670e507" },
      { version: "1.29.14", sha256: "8703bd94ee24e51b778d5556ae310c6c0fa67d761fae6379c8e0bb480e6fea29" },
    ],
    sums: {},
  },
];
