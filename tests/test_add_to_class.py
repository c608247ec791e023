"""add_to_class: whatever a class statement may have in it."""

import functools

import pytest

from d2lite.hyperparameters import add_to_class


@pytest.fixture
def Model():
    class Base:
        def __init__(self):
            self.steps = ['base']

        def name(self):
            return 'base'

    class Model(Base):
        pass

    return Model


def test_a_property_with_a_setter(Model):
    early = Model()

    @add_to_class(Model)
    @property
    def rate(self):
        return self._rate

    @add_to_class(Model)
    @rate.setter
    def rate(self, value):
        self._rate = 2 * value

    early.rate = 3
    assert early.rate == 6 and isinstance(Model.rate, property)


def test_a_cached_property_knows_its_name(Model):
    @add_to_class(Model)
    @functools.cached_property
    def table(self):
        return [1]

    model = Model()
    assert model.table is model.table and model.table == [1]


def test_class_methods_static_methods_and_inner_classes(Model):
    @add_to_class(Model)
    @classmethod
    def make(cls):
        return cls()

    @add_to_class(Model)
    @staticmethod
    def double(x):
        return 2 * x

    @add_to_class(Model)
    class Config:
        size = 3

    assert isinstance(Model.make(), Model) and Model.double(4) == Model().double(4) == 8
    assert Model.Config.size == 3


def test_what_is_added_stays_a_name_of_the_page(Model):
    @add_to_class(Model)
    def name(self):
        return 'page'

    assert name is Model.name


def as_pages_decorate(d2l):
    """A decorator of the framework that makes something else of a function."""
    if d2l.Module.backend == 'pytorch':
        import torch

        return torch.no_grad()
    if d2l.Module.backend == 'tensorflow':
        import tensorflow as tf

        return tf.function
    if d2l.Module.backend == 'jax':
        import jax

        return functools.partial(jax.jit, static_argnums=0)
    return announced  # MXNet has no such decorator, but a page has its own


def announced(function):
    @functools.wraps(function)
    def announced_function(*args):
        print(function.__name__)
        return function(*args)

    return announced_function


def test_functions_that_the_framework_has_decorated(d2l, Model):
    @add_to_class(Model)
    @as_pages_decorate(d2l)
    def doubled(self, x):
        return 2 * x

    assert d2l.numpy(Model().doubled(d2l.ones(2))).tolist() == [2, 2]
    with pytest.raises(TypeError, match=r'write super\(Model, self\)'):

        @add_to_class(Model)
        @as_pages_decorate(d2l)
        def tripled(self, x):
            return super().doubled(x) + x


def test_models_of_every_backend(d2l):
    class Model(d2l.Module):
        pass

    @d2l.add_to_class(Model)
    @property
    def rate(self):
        return 0.5

    @d2l.add_to_class(Model)
    def forward(self, X):
        return self.rate * super(Model, self).scale(X)

    @d2l.add_to_class(d2l.Module)
    def scale(self, X):
        return 4 * X

    try:
        assert d2l.numpy(Model().forward(d2l.ones(2))).tolist() == [2, 2]
    finally:
        del d2l.Module.scale


def test_super_with_arguments_works(Model):
    @add_to_class(Model)
    def __init__(self):
        super(Model, self).__init__()
        self.steps.append('model')

    @add_to_class(Model)
    @property
    def title(self):
        return super(Model, self).name().title()

    assert Model().steps == ['base', 'model'] and Model().title == 'Base'


def test_super_without_arguments_is_refused_and_nothing_is_added(Model):
    before = dict(vars(Model))
    text = r'__init__ is not written in the class Model, .* write super\(Model, self\)'
    with pytest.raises(TypeError, match=text):

        @add_to_class(Model)
        def __init__(self):
            super().__init__()

    with pytest.raises(TypeError, match=r'title .* write super\(Model, me\)'):

        @add_to_class(Model)
        @property
        def title(me):
            return super().name().title()

    with pytest.raises(TypeError, match=r'make .* write super\(Model, cls\)'):

        @add_to_class(Model)
        @classmethod
        def make(cls):
            parent = super()
            return parent.make()

    assert dict(vars(Model)) == before


def test_super_works_in_what_was_written_in_a_class(Model):
    class Sketch(Model):
        def name(self):
            return super().name() + ' of a sketch'

    class Twin(Sketch):
        pass

    add_to_class(Twin)(Sketch.name)
    assert Twin().name() == 'base of a sketch'


def test_what_has_no_name_is_refused(Model):
    with pytest.raises(TypeError, match='takes what def defines, with a name, got 3'):
        add_to_class(Model)(3)
