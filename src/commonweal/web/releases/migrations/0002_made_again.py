"""Which releases were made again by themselves, and whose studies wait for people."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A field and a table; the vault's worker fills them when it begins."""

    dependencies = [
        ('releases', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='release',
            name='precedent',
            field=models.CharField(blank=True, default='', max_length=64),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name='Held',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('permit', models.CharField(max_length=64, unique=True)),
                ('code', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ('at', 'id'),
            },
        ),
    ]
