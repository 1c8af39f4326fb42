# econnet with the locked versions, for a user without privileges:
#   docker build --build-arg SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) --tag econnet .
#   docker run --rm --volume "$PWD:/work" --user "$(id -u):$(id -g)" econnet forecast --country USA
# docs/releasing.md says how to build the same bytes again.
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS build
ARG LOCK=lock.txt
ARG SOURCE_DATE_EPOCH=0
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/econnet
COPY requirements/ /src/requirements/
RUN /opt/econnet/bin/pip install --no-compile --require-hashes \
        --requirement "/src/requirements/${LOCK}"
COPY pyproject.toml README.md LICENSE /src/
COPY econnet/ /src/econnet/
RUN python -m venv /opt/builder \
    && /opt/builder/bin/pip install hatchling==1.33.0 \
    && /opt/builder/bin/pip wheel --no-build-isolation --no-deps --wheel-dir /dist /src \
    && /opt/econnet/bin/pip install --no-compile --no-deps /dist/*.whl \
    && /opt/econnet/bin/pip check \
    && /opt/econnet/bin/pip uninstall --yes pip
# Compiled files without dates, so that the image does not depend on the hour. Packages
# contain files that are not meant to compile, hence the `true`.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/econnet/lib \
    || true
RUN /opt/econnet/bin/econnet --version

FROM ${BASE}
RUN useradd --uid 10001 --create-home --home-dir /home/econnet econnet \
    && install --directory --owner econnet --group econnet /work
COPY --from=build /opt/econnet /opt/econnet
ENV PATH=/opt/econnet/bin:$PATH HOME=/home/econnet PYTHONDONTWRITEBYTECODE=1 \
    MPLCONFIGDIR=/tmp/matplotlib
USER 10001
# Data, models and reports are written below the working folder.
WORKDIR /work
ENTRYPOINT ["econnet"]
CMD ["--help"]
