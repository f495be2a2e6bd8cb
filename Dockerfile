# The `dist` build in an image of its own: no toolchain, no root. Results go to /results:
#   docker build -t bedbench .
#   docker run --rm -v "$PWD/results:/results" bedbench run --rps 20 --profile apac --sim -d 10m
# A bind-mounted folder must be writable for user 10001: docker run --user "$(id -u)" does it too.
FROM rust:1.95-slim-trixie AS build
WORKDIR /src
COPY . .
RUN cargo build --locked --profile dist --bin bedbench

FROM debian:trixie-slim
# For TLS to Bedrock. Plots are SVG and need no fonts; --png does.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home bedbench \
    && install -d -o bedbench -g bedbench /results
COPY --from=build /src/target/dist/bedbench /usr/local/bin/bedbench
USER bedbench
# `bedbench run` makes `results/…` below where it stands.
WORKDIR /
ENTRYPOINT ["/usr/local/bin/bedbench"]
CMD ["--help"]
