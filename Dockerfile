# The MamaCare image: the binary and the C library that it needs. No shell, no root.
#   docker build --tag mamacare .

FROM rust:1.95-bookworm AS build
# Writes into the binary what it is made of: SECURITY.md says how to read it.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo install --locked cargo-auditable@0.7.7
WORKDIR /src
COPY Cargo.toml Cargo.lock build.rs ./
COPY benches benches
COPY crates crates
COPY src src
COPY menus menus
COPY migrations migrations
COPY country country
COPY mamacare.example.toml ./
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo auditable build --release --locked --bin mamacare \
    && install -D target/release/mamacare /out/usr/local/bin/mamacare

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="MamaCare" \
      org.opencontainers.image.description="USSD and SMS health gateway for mothers with basic phones" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/ /
# The shipped menus are in the binary; for others mount a folder and name it in MAMACARE_MENU__DIR.
ENV MAMACARE_SERVER__LISTEN=0.0.0.0:8080 \
    MAMACARE_LOG__FORMAT=json
USER nonroot:nonroot
EXPOSE 8080
# Alive, whether or not the database answers: a restart would not bring that back.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["/usr/local/bin/mamacare", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/mamacare"]
CMD ["serve"]
